#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "kws_tflm/runtime/src/bindings.h"
#include "kws_tflm/runtime/src/feature_tables_holder.h"
#include "kws_tflm/runtime/src/host_interpreter.h"
#include "stm32f7_app/core/spotter.h"
#include "stm32f7_app/core/tap.h"

namespace nb = nanobind;

namespace kws::host {
namespace {

using PcmIn = nb::ndarray<const int16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
// label index, score in thousandths, sample
using Event = std::tuple<uint32_t, uint32_t, uint64_t>;

struct Recording {
  std::vector<int16_t> features;  // columns one after the other
  std::vector<int8_t> inputs;
  std::vector<int8_t> outputs;
};

thread_local Recording* active_recording = nullptr;

template <typename T>
void Append(std::vector<T>& to, const void* data, uint32_t bytes) {
  const auto* values = static_cast<const T*>(data);
  to.insert(to.end(), values, values + bytes / sizeof(T));
}

class HostModel final : public Model {
 public:
  explicit HostModel(HostInterpreter& interpreter) : interpreter_(interpreter) {}

  int8_t* input() override { return interpreter_.input().data.int8; }
  uint32_t input_bytes() const override {
    return static_cast<uint32_t>(interpreter_.input().bytes);
  }
  const int8_t* output() const override { return interpreter_.output().data.int8; }
  uint32_t output_bytes() const override {
    return static_cast<uint32_t>(interpreter_.output().bytes);
  }
  bool Invoke() override { return interpreter_.Run(); }

 private:
  HostInterpreter& interpreter_;
};

nb::object ToNumpy(const void* data, size_t bytes, const char* dtype) {
  nb::object numpy = nb::module_::import_("numpy");
  return numpy.attr("frombuffer")(nb::bytes(static_cast<const char*>(data), bytes), dtype);
}

}  // namespace

// The firmware's pipeline with everything that it refers to.
class HostSpotter {
 public:
  HostSpotter(nb::bytes model, size_t arena_bytes, nb::dict tables, int32_t n_frames,
              FeatureQuantization quantization, DetectorSettings settings,
              int32_t hops_per_inference)
      : interpreter_(std::string(model.c_str(), model.size()), arena_bytes),
        model_(interpreter_),
        tables_(tables),
        workspace_(FeatureWorkspaceBytes(tables_.get()) / sizeof(uint64_t) + 1),
        extractor_(tables_.get(), workspace_.data(), workspace_.size() * sizeof(uint64_t)),
        storage_(static_cast<size_t>(n_frames * tables_.get().n_features)),
        columns_(storage_.data(), n_frames, tables_.get().n_features),
        detector_(Checked(settings)),
        spotter_(tables_.get(), extractor_, columns_, model_, detector_, quantization,
                 hops_per_inference) {
    if (model_.input_bytes() != storage_.size() ||
        static_cast<int32_t>(model_.output_bytes()) != settings.n_classes ||
        tables_.get().n_features > Spotter::kMaxFeatures) {
      throw ModelRejected("input or output does not suit the configuration");
    }
  }

  // Whole hops of `samples`; a rest shorter than a hop is left out.
  std::vector<Event> Process(PcmIn samples) {
    nb::gil_scoped_release release;
    std::vector<Event> events;
    active_recording = &recording_;
    const auto hop = static_cast<size_t>(tables_.get().hop_length);
    bool failed = false;
    for (size_t at = 0; at + hop <= samples.shape(0) && !failed; at += hop) {
      if (!spotter_.PushHop(samples.data() + at)) continue;
      Detection detection{};
      const SpotterResult result = spotter_.Infer(&detection);
      if (result == SpotterResult::kDetection) {
        events.emplace_back(detection.label_index, detection.score_permille, detection.sample);
      }
      failed = result == SpotterResult::kFailed;
    }
    active_recording = nullptr;
    if (failed) throw ModelRejected("an operator failed");
    return events;
  }

  // (features int16, inputs int8, outputs int8), flat, since the last call.
  nb::tuple TakeRecording() {
    Recording taken = std::move(recording_);
    recording_ = {};
    return nb::make_tuple(ToNumpy(taken.features.data(), taken.features.size() * 2, "int16"),
                          ToNumpy(taken.inputs.data(), taken.inputs.size(), "int8"),
                          ToNumpy(taken.outputs.data(), taken.outputs.size(), "int8"));
  }

  void Reset() {
    spotter_.Reset();
    recording_ = {};
  }

 private:
  static const DetectorSettings& Checked(const DetectorSettings& settings) {
    if (!Detector::Valid(settings)) throw std::invalid_argument("detector settings out of range");
    return settings;
  }

  Recording recording_;
  HostInterpreter interpreter_;
  HostModel model_;
  TablesHolder tables_;
  std::vector<uint64_t> workspace_;
  FeatureExtractor extractor_;
  std::vector<int16_t> storage_;
  ColumnRing columns_;
  Detector detector_;
  Spotter spotter_;
};

void BindSpotter(nb::module_& module) {
  nb::class_<HostSpotter>(module, "Spotter")
      .def(
          "__init__",
          [](HostSpotter* self, nb::bytes model, size_t arena_bytes, nb::dict tables,
             int32_t n_frames, std::tuple<int32_t, int32_t, int32_t> quantization,
             std::tuple<int32_t, uint64_t, int32_t, uint32_t, uint64_t> d,
             int32_t hops_per_inference) {
            const auto [multiplier, shift, zero_point] = quantization;
            new (self) HostSpotter(
                model, arena_bytes, tables, n_frames, {multiplier, shift, zero_point},
                {std::get<0>(d), std::get<1>(d), std::get<2>(d), std::get<3>(d), std::get<4>(d)},
                hops_per_inference);
          },
          nb::arg("model"), nb::arg("arena_bytes"), nb::arg("tables"), nb::arg("n_frames"),
          nb::arg("quantization"), nb::arg("detector"), nb::arg("hops_per_inference"))
      .def("process", &HostSpotter::Process, nb::arg("samples"))
      .def("take_recording", &HostSpotter::TakeRecording)
      .def("reset", &HostSpotter::Reset);
}

}  // namespace kws::host

// The host's side of the firmware's observation taps: what the board shows, the spotter records.
extern "C" void kws_tap(uint32_t id, const void* data, uint32_t bytes) {
  using kws::host::active_recording;
  if (active_recording == nullptr) return;
  if (id == kws::kTapFeatureColumn) kws::host::Append(active_recording->features, data, bytes);
  if (id == kws::kTapInferenceBegin) kws::host::Append(active_recording->inputs, data, bytes);
  if (id == kws::kTapInferenceEnd) kws::host::Append(active_recording->outputs, data, bytes);
}
