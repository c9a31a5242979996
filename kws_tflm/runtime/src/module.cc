#include <cstdio>

#include "custom_ops/tflm/compat.h"
#include "kws_tflm/runtime/src/bindings.h"

#if KWS_TFLM_API == 2020
// TFLM's debug channel; errors reach Python through CollectingReporter instead.
extern "C" void DebugLog(const char* text) { std::fputs(text, stderr); }
#endif

NB_MODULE(_native, module) {
  module.doc() =
      "The firmware's portable C++ sources and TensorFlow Lite Micro, bound for the host.";
  kws::host::BindFeatures(module);
  kws::host::BindInterpreter(module);
  kws::host::BindDetector(module);
  kws::host::BindSpotter(module);
}
