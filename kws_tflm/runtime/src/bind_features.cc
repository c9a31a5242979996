#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "kws_tflm/runtime/src/bindings.h"
#include "kws_tflm/runtime/src/feature_tables_holder.h"
#include "stm32f7_app/core/features/feature_extractor.h"

namespace nb = nanobind;

namespace kws::host {
namespace {

using PcmIn = nb::ndarray<const int16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ColumnsOut = nb::ndarray<int16_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using ColumnOut = nb::ndarray<int16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

}  // namespace

// The extractor with tables and workspace of its own.
class HostExtractor {
 public:
  explicit HostExtractor(nb::dict tables)
      : tables_(tables),
        workspace_(FeatureWorkspaceBytes(tables_.get()) / sizeof(uint64_t) + 1),
        extractor_(tables_.get(), workspace_.data(), workspace_.size() * sizeof(uint64_t)) {}

  void Clip(PcmIn samples, ColumnsOut columns) {
    const FeatureTables& tables = tables_.get();
    const auto n_samples = static_cast<int32_t>(samples.shape(0));
    if (static_cast<int32_t>(columns.shape(0)) != FeatureColumns(tables, n_samples) ||
        static_cast<int32_t>(columns.shape(1)) != tables.n_features) {
      throw std::invalid_argument("columns has the wrong shape");
    }
    nb::gil_scoped_release release;
    extractor_.ComputeClip(samples.data(), n_samples, columns.data());
  }

  bool Push(PcmIn hop, ColumnOut column) {
    const FeatureTables& tables = tables_.get();
    if (static_cast<int32_t>(hop.shape(0)) != tables.hop_length ||
        static_cast<int32_t>(column.shape(0)) != tables.n_features) {
      throw std::invalid_argument("hop or column has the wrong length");
    }
    return extractor_.PushHop(hop.data(), column.data());
  }

  void Reset() { extractor_.Reset(); }

 private:
  TablesHolder tables_;
  std::vector<uint64_t> workspace_;
  FeatureExtractor extractor_;
};

void BindFeatures(nb::module_& module) {
  nb::class_<HostExtractor>(module, "FeatureExtractor")
      .def(nb::init<nb::dict>(), nb::arg("tables"))
      .def("clip", &HostExtractor::Clip, nb::arg("samples"), nb::arg("columns"))
      .def("push", &HostExtractor::Push, nb::arg("hop"), nb::arg("column"))
      .def("reset", &HostExtractor::Reset);
}

}  // namespace kws::host
