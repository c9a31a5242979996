// Shape rules of the operators, which TFLM asserts in debug builds only and otherwise trusts.
#pragma once

#include <string>

#include "tensorflow/lite/schema/schema_generated.h"

namespace kws::host {

// Checks types, ranks, strides and that the output shape follows from the inputs, so that no kernel
// reads or writes outside its tensors. The indices of `op` must be in range. Operators without a
// rule here must have int8 inputs and outputs only. Returns an empty string or what is wrong.
std::string CheckOperatorShapes(const tflite::Model& model, const tflite::SubGraph& graph,
                                const tflite::Operator& op);

}  // namespace kws::host
