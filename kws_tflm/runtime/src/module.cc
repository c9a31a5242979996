#include <cstdio>

#include "kws_tflm/runtime/src/bindings.h"

// TFLM's debug channel; errors reach Python through CollectingReporter instead.
extern "C" void DebugLog(const char* text) { std::fputs(text, stderr); }

NB_MODULE(_native, module) {
  module.doc() =
      "The firmware's portable C++ sources and TensorFlow Lite Micro, bound for the host.";
  kws::host::BindFeatures(module);
  kws::host::BindInterpreter(module);
  kws::host::BindDetector(module);
  kws::host::BindSpotter(module);
}
