#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>

#include "kws_tflm/runtime/src/bindings.h"
#include "kws_tflm/runtime/src/host_interpreter.h"

namespace nb = nanobind;

namespace kws::host {
namespace {

using Int8In = nb::ndarray<const int8_t, nb::c_contig, nb::device::cpu>;
using Int8Out = nb::ndarray<nb::numpy, int8_t>;

std::vector<size_t> Shape(const TfLiteTensor& tensor) {
  return {tensor.dims->data, tensor.dims->data + tensor.dims->size};
}

Int8Out ToNumpy(const std::vector<int8_t>& values, const std::vector<size_t>& shape) {
  auto* data = new int8_t[values.size()];
  std::memcpy(data, values.data(), values.size());
  nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<int8_t*>(p); });
  return Int8Out(data, shape.size(), shape.data(), owner);
}

}  // namespace

void BindInterpreter(nb::module_& module) {
  nb::exception<ModelRejected>(module, "ModelRejected");
  module.def("builtin_operators", [] {
    Resolver resolver;
    std::vector<std::string> names;
    for (tflite::BuiltinOperator op : RegisterAllOperators(resolver)) {
      names.emplace_back(tflite::EnumNameBuiltinOperator(op));
    }
    return names;
  });
  nb::class_<HostInterpreter>(module, "Interpreter")
      .def(
          "__init__",
          [](HostInterpreter* self, nb::bytes model, size_t arena_bytes) {
            new (self) HostInterpreter(std::string(model.c_str(), model.size()), arena_bytes);
          },
          nb::arg("model"), nb::arg("arena_bytes"))
      .def(
          "invoke",
          [](HostInterpreter& self, Int8In input) {
            std::vector<int8_t> result;
            {
              nb::gil_scoped_release release;
              result = self.Invoke(input.data(), input.size());
            }
            return ToNumpy(result, Shape(self.output()));
          },
          nb::arg("input"))
      .def_prop_ro("input_shape", [](HostInterpreter& self) { return Shape(self.input()); })
      .def_prop_ro("input_scale", [](HostInterpreter& self) { return self.input().params.scale; })
      .def_prop_ro("input_zero_point",
                   [](HostInterpreter& self) { return self.input().params.zero_point; })
      .def_prop_ro("output_shape", [](HostInterpreter& self) { return Shape(self.output()); })
      .def_prop_ro("output_scale", [](HostInterpreter& self) { return self.output().params.scale; })
      .def_prop_ro("output_zero_point",
                   [](HostInterpreter& self) { return self.output().params.zero_point; })
      .def_prop_ro("arena_used", &HostInterpreter::arena_used);
}

}  // namespace kws::host
