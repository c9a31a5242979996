// What a flatbuffer verifier cannot know: that the indices inside a .tflite point at something.
#pragma once

#include <string>

#include "tensorflow/lite/schema/schema_generated.h"

namespace kws::host {

// Checks operator-code, tensor and buffer indices, shapes, and that each constant's bytes match its
// shape, so that TFLM (which trusts them) cannot read outside the model. Returns an empty string,
// or one line that says what is wrong. `model` must have passed the flatbuffer verifier.
std::string CheckStructure(const tflite::Model& model);

}  // namespace kws::host
