#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <optional>
#include <stdexcept>
#include <tuple>

#include "kws_tflm/runtime/src/bindings.h"
#include "stm32f7_app/core/detector.h"

namespace nb = nanobind;

namespace kws::host {
namespace {

using ScoresIn = nb::ndarray<const int8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
// label index, score in thousandths, sample
using Event = std::tuple<uint32_t, uint32_t, uint64_t>;

struct HostDetector {
  DetectorSettings settings;
  Detector detector;

  explicit HostDetector(const DetectorSettings& s) : settings(s), detector(s) {}
};

}  // namespace

void BindDetector(nb::module_& module) {
  nb::class_<HostDetector>(module, "Detector")
      .def(
          "__init__",
          [](HostDetector* self, int32_t n_classes, uint64_t keyword_mask, int32_t smoothing,
             uint32_t threshold_permille, uint64_t refractory_samples) {
            const DetectorSettings settings{n_classes, keyword_mask, smoothing, threshold_permille,
                                            refractory_samples};
            if (!Detector::Valid(settings))
              throw std::invalid_argument("detector settings out of range");
            new (self) HostDetector(settings);
          },
          nb::arg("n_classes"), nb::arg("keyword_mask"), nb::arg("smoothing"),
          nb::arg("threshold_permille"), nb::arg("refractory_samples"))
      .def("reset", [](HostDetector& self) { self.detector.Reset(); })
      .def(
          "update",
          [](HostDetector& self, ScoresIn scores, uint64_t sample) -> std::optional<Event> {
            if (static_cast<int32_t>(scores.size()) != self.settings.n_classes) {
              throw std::invalid_argument("scores has the wrong length");
            }
            Detection detection{};
            if (!self.detector.Update(scores.data(), sample, &detection)) return std::nullopt;
            return Event{detection.label_index, detection.score_permille, detection.sample};
          },
          nb::arg("scores"), nb::arg("sample"));
}

}  // namespace kws::host
