// Operators with an observer around their Eval. TFLM of 2020 has no profiler hook, so the
// registrations that a resolver gets are copies whose Eval calls the observer and the original:
//   AddOperator<tflite::BuiltinOperator_CONV_2D>(resolver, Observed<0>(Register_CONV_2D()));
// Each registration of a resolver has a slot of its own. Costs some ten instructions an operator.
#ifndef CUSTOM_OPS_TFLM_OBSERVED_H_
#define CUSTOM_OPS_TFLM_OBSERVED_H_

#include <cstdint>

#include "custom_ops/tflm/compat.h"

namespace kws {

// Defined by whoever links observed operators. `index` counts the operators of an Invoke from 0, in
// the model's order.
void OnOperatorBegin(uint32_t index);
void OnOperatorEnd(uint32_t index);

namespace observed {

inline uint32_t next_index = 0;

// Not inline: one copy for all slots.
[[gnu::noinline]] inline TfLiteStatus Eval(EvalFunction original, TfLiteContext* context,
                                           TfLiteNode* node) {
  const uint32_t index = next_index++;
  OnOperatorBegin(index);
  const TfLiteStatus status = original(context, node);
  OnOperatorEnd(index);
  return status;
}

template <int kSlot>
inline EvalFunction original = nullptr;

template <int kSlot>
TfLiteStatus EvalSlot(TfLiteContext* context, TfLiteNode* node) {
  return Eval(original<kSlot>, context, node);
}

}  // namespace observed

// Call before each Invoke.
inline void RestartObservation() { observed::next_index = 0; }

// `registration` observed; the copy is static, one a slot.
template <int kSlot>
Registration* Observed(Registration* registration) {
  static Registration copy = {};
  observed::original<kSlot> = EvalOf(*registration);
  copy = *registration;
  EvalOf(copy) = observed::EvalSlot<kSlot>;
  return &copy;
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_OBSERVED_H_
