// The only file that knows which generation of the TFLM API is linked. Generations differ in the
// registration type, in how tensors are reached and in the allocation calls of the context.
#ifndef CUSTOM_OPS_TFLM_COMPAT_H_
#define CUSTOM_OPS_TFLM_COMPAT_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/c/common.h"

// 2020: TfLiteTensor in Prepare and Eval, status-returning AllocatePersistentBuffer.
#ifndef KWS_TFLM_API
#define KWS_TFLM_API 2020
#endif

#if KWS_TFLM_API == 2020

namespace kws {

using Registration = TfLiteRegistration;

inline Registration MakeRegistration(void* (*init)(TfLiteContext*, const char*, size_t),
                                     TfLiteStatus (*prepare)(TfLiteContext*, TfLiteNode*),
                                     TfLiteStatus (*eval)(TfLiteContext*, TfLiteNode*)) {
  Registration registration = {};
  registration.init = init;
  registration.prepare = prepare;
  registration.invoke = eval;
  registration.version = 1;
  return registration;
}

using EvalFunction = TfLiteStatus (*)(TfLiteContext*, TfLiteNode*);

inline EvalFunction& EvalOf(Registration& registration) { return registration.invoke; }

// Arena memory that lives as long as the interpreter; nullptr when the arena is full.
inline void* AllocatePersistent(TfLiteContext* context, size_t bytes) {
  void* memory = nullptr;
  return context->AllocatePersistentBuffer(context, bytes, &memory) == kTfLiteOk ? memory : nullptr;
}

// Memory that lives during one operator's Eval, shared with the other operators' where TFLM plans
// it beside the activations. This generation refuses a request once another operator has allocated
// persistent memory after the first one (TFLM's own CONV_2D does, in Prepare): persistent then.
struct Scratch {
  void* persistent;  // or nullptr
  int index;
};

// In Prepare. Fails only when the arena is full.
inline TfLiteStatus RequestScratch(TfLiteContext* context, size_t bytes, Scratch* scratch) {
  *scratch = {nullptr, -1};
  if (bytes == 0) return kTfLiteOk;
  if (context->RequestScratchBufferInArena(context, bytes, &scratch->index) == kTfLiteOk) {
    return kTfLiteOk;
  }
  scratch->index = -1;
  scratch->persistent = AllocatePersistent(context, bytes);
  return scratch->persistent == nullptr ? kTfLiteError : kTfLiteOk;
}

// In Eval. nullptr when none was requested.
inline void* GetScratch(TfLiteContext* context, const Scratch& scratch) {
  if (scratch.index < 0) return scratch.persistent;
  return context->GetScratchBuffer(context, scratch.index);
}

// The tensor behind entry `i` of `list`, or nullptr when it is absent or out of range.
inline TfLiteTensor* TensorAt(TfLiteContext* context, const TfLiteIntArray* list, int i) {
  if (list == nullptr || i >= list->size) return nullptr;
  const int tensor = list->data[i];
  if (tensor < 0 || static_cast<size_t>(tensor) >= context->tensors_size) return nullptr;
  return &context->tensors[tensor];
}

// Eval time: the data of an input or output that Prepare has accepted.
template <typename T>
const T* EvalInput(TfLiteContext* context, const TfLiteNode* node, int i) {
  return static_cast<const T*>(context->tensors[node->inputs->data[i]].data.data);
}

template <typename T>
T* EvalOutput(TfLiteContext* context, const TfLiteNode* node, int i) {
  return static_cast<T*>(context->tensors[node->outputs->data[i]].data.data);
}

}  // namespace kws

#else
#error "KWS_TFLM_API names a TFLM generation that this header does not know"
#endif

#endif  // CUSTOM_OPS_TFLM_COMPAT_H_
