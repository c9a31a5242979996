// Observation taps: one empty function that the virtual board hooks by its symbol.
//
// The firmware defines it as an empty noinline function (a few cycles on a real board); the host
// build defines its own that records. Call order for one hop: kFeatureBegin, kFeatureColumn and,
// when an inference is due, kInferenceBegin, kOperatorBegin and kOperatorEnd for each operator,
// kInferenceEnd and perhaps kDetection.
#pragma once

#include <cstdint>

extern "C" void kws_tap(uint32_t id, const void* data, uint32_t bytes);

namespace kws {

enum TapId : uint32_t {
  kTapFeatureColumn = 1,   // int16[n_features], Q7.8: a column is complete
  kTapInferenceBegin = 2,  // int8 model input
  kTapInferenceEnd = 3,    // int8 model output
  kTapDetection = 4,       // kws::Detection
  kTapBootComplete = 5,    // no data
  kTapFeatureBegin = 6,    // int16[hop_length]: the hop about to be processed
  kTapOperatorBegin = 7,   // uint32: index of the operator, in the model's order
  kTapOperatorEnd = 8,     // uint32: the same index
};

}  // namespace kws
