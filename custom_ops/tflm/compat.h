// The only glue header that knows which generation of the TFLM API is linked. Generations differ in
// the registration type, in how tensors are reached and in the allocation calls of the context.
//   2020: the crate's. TfLiteTensor in Prepare and Eval.
//   2022: today's. Tensors are lent to Prepare, Eval sees TfLiteEvalTensor.
// Told by a header that only today's TFLM has; docs/tflm_versions.md says how to choose.
#ifndef CUSTOM_OPS_TFLM_COMPAT_H_
#define CUSTOM_OPS_TFLM_COMPAT_H_

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/c/common.h"

#ifndef KWS_TFLM_API
#if __has_include("tensorflow/lite/micro/micro_log.h")
#define KWS_TFLM_API 2022
#else
#define KWS_TFLM_API 2020
#endif
#endif

#if KWS_TFLM_API == 2022
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_log.h"
#elif KWS_TFLM_API != 2020
#error "KWS_TFLM_API names a TFLM generation that this header does not know"
#endif

namespace kws {

using InitFunction = void* (*)(TfLiteContext*, const char*, size_t);
using PrepareFunction = TfLiteStatus (*)(TfLiteContext*, TfLiteNode*);
using EvalFunction = TfLiteStatus (*)(TfLiteContext*, TfLiteNode*);

#if KWS_TFLM_API == 2020
using Registration = TfLiteRegistration;
#else
using Registration = TFLMRegistration;
#endif

inline Registration MakeRegistration(InitFunction init, PrepareFunction prepare,
                                     EvalFunction eval) {
  Registration registration = {};
  registration.init = init;
  registration.prepare = prepare;
  registration.invoke = eval;
#if KWS_TFLM_API == 2020
  registration.version = 1;
#endif
  return registration;
}

inline EvalFunction& EvalOf(Registration& registration) { return registration.invoke; }

// Arena memory that lives as long as the interpreter; nullptr when the arena is full.
inline void* AllocatePersistent(TfLiteContext* context, size_t bytes) {
#if KWS_TFLM_API == 2020
  void* memory = nullptr;
  return context->AllocatePersistentBuffer(context, bytes, &memory) == kTfLiteOk ? memory : nullptr;
#else
  return context->AllocatePersistentBuffer(context, bytes);
#endif
}

// Memory that lives during one operator's Eval, shared with the other operators' where TFLM plans
// it beside the activations. TFLM of 2020 refuses a request once another operator has allocated
// persistent memory after the first one (its own CONV_2D does, in Prepare): persistent then.
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

// A tensor during Prepare, given back to TFLM at the end of its scope; equal to nullptr when it is
// absent. What it points at must not be kept.
class PrepareTensor {
 public:
  PrepareTensor() = default;
  PrepareTensor(TfLiteContext* context, TfLiteTensor* tensor)
      : context_(context), tensor_(tensor) {}
  PrepareTensor(PrepareTensor&& other) noexcept { *this = static_cast<PrepareTensor&&>(other); }
  PrepareTensor& operator=(PrepareTensor&& other) noexcept {
    if (this == &other) return *this;
    Release();
    context_ = other.context_;
    tensor_ = other.tensor_;
    other.tensor_ = nullptr;
    return *this;
  }
  ~PrepareTensor() { Release(); }

  TfLiteTensor* operator->() const { return tensor_; }
  operator TfLiteTensor*() const& { return tensor_; }
  operator TfLiteTensor*() && = delete;  // would outlive the loan

 private:
  void Release() {
#if KWS_TFLM_API != 2020
    if (tensor_ != nullptr) tflite::GetMicroContext(context_)->DeallocateTempTfLiteTensor(tensor_);
#endif
    tensor_ = nullptr;
  }

  TfLiteContext* context_ = nullptr;
  TfLiteTensor* tensor_ = nullptr;
};

// In Prepare: the tensor behind entry `i` of `list`, absent when there is none in range.
inline PrepareTensor TensorAt(TfLiteContext* context, const TfLiteIntArray* list, int i) {
  if (list == nullptr || i >= list->size) return {};
  const int tensor = list->data[i];
  if (tensor < 0) return {};
#if KWS_TFLM_API == 2020
  if (static_cast<size_t>(tensor) >= context->tensors_size) return {};
  return {context, &context->tensors[tensor]};
#else
  return {context, tflite::GetMicroContext(context)->AllocateTempTfLiteTensor(tensor)};
#endif
}

// In Eval: the data of an input or output that Prepare has accepted.
template <typename T>
const T* EvalInput(TfLiteContext* context, const TfLiteNode* node, int i) {
#if KWS_TFLM_API == 2020
  return static_cast<const T*>(context->tensors[node->inputs->data[i]].data.data);
#else
  return static_cast<const T*>(tflite::micro::GetEvalInput(context, node, i)->data.data);
#endif
}

template <typename T>
T* EvalOutput(TfLiteContext* context, const TfLiteNode* node, int i) {
#if KWS_TFLM_API == 2020
  return static_cast<T*>(context->tensors[node->outputs->data[i]].data.data);
#else
  return static_cast<T*>(tflite::micro::GetEvalOutput(context, node, i)->data.data);
#endif
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_COMPAT_H_
