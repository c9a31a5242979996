#include <cstring>

#include "custom_ops/tflm/builtin_kernels.h"

namespace kws {

#if KWS_TFLM_API == 2020

namespace {

// TFLM of 2020 copies in a loop that reads both pointers and the size again for every byte, since
// the byte it has just stored might be one of theirs: eight instructions a byte.
TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteTensor& input = context->tensors[node->inputs->data[0]];
  const TfLiteTensor& output = context->tensors[node->outputs->data[0]];
  if (output.data.raw != input.data.raw) {
    std::memcpy(output.data.raw, input.data.raw, input.bytes);
  }
  return kTfLiteOk;
}

}  // namespace

Registration* Register_RESHAPE_M7() {
  static Registration registration = *tflite::ops::micro::Register_RESHAPE();
  EvalOf(registration) = Eval;
  return &registration;
}

#else

// Today's copies words itself.
Registration* Register_RESHAPE_M7() {
  static Registration registration = tflite::Register_RESHAPE();
  return &registration;
}

#endif

}  // namespace kws
