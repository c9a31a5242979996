// Scratch memory that the operators of a model share.
#ifndef CUSTOM_OPS_TFLM_SCRATCH_H_
#define CUSTOM_OPS_TFLM_SCRATCH_H_

#include "custom_ops/tflm/compat.h"

namespace kws {

// Memory that lives during one operator's Eval. Planned beside the activations where TFLM allows
// it; the generation of 2020 refuses a request once another operator has allocated persistent
// memory after the first one, and then the scratch is persistent as well.
struct SharedScratch {
  void* persistent;  // or nullptr
  int index;
};

// In Prepare. Fails only when the arena is full.
inline TfLiteStatus RequestSharedScratch(TfLiteContext* context, size_t bytes,
                                         SharedScratch* scratch) {
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
inline void* GetSharedScratch(TfLiteContext* context, const SharedScratch& scratch) {
  if (scratch.index < 0) return scratch.persistent;
  return context->GetScratchBuffer(context, scratch.index);
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_SCRATCH_H_
