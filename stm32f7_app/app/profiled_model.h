// A model whose operators' cycles are measured at each inference.
#pragma once

#include <cstdint>

#include "stm32f7_app/core/model.h"

namespace kws {

// Cycles of the last inference, by DWT. One model an image: the observers are functions.
class ProfiledModel final : public Model {
 public:
  // Keeps the reference. Its operators are registered through Observed().
  explicit ProfiledModel(Model& model) : model_(model) {}

  int8_t* input() override { return model_.input(); }
  uint32_t input_bytes() const override { return model_.input_bytes(); }
  const int8_t* output() const override { return model_.output(); }
  uint32_t output_bytes() const override { return model_.output_bytes(); }
  bool Invoke() override;

  // 0 before the first inference.
  uint32_t total_cycles() const { return total_cycles_; }
  // settings::kOperators values, in the model's order.
  const uint32_t* operator_cycles() const;

 private:
  Model& model_;
  uint32_t total_cycles_ = 0;
};

}  // namespace kws
