// Changes to whole models, for fuzzing: what a damaged, hostile or merely odd converter could
// write.
#ifndef CUSTOM_OPS_TESTS_MODEL_MUTATOR_H_
#define CUSTOM_OPS_TESTS_MODEL_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensorflow/lite/schema/schema_generated.h"

namespace kws::fuzz {

// Knuth's MMIX generator: the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  // 0 to end - 1; `end` at least 1.
  uint32_t Below(size_t end);
  bool Chance(uint32_t one_in) { return Below(one_in) == 0; }

 private:
  uint64_t state_;
};

// One to four changes to shapes, types, quantisation, constants, options, operators and wiring.
void MutateModel(tflite::ModelT& model, Random& random);

// The same on a serialised model, which must pass the flatbuffer verifier; now and then bytes are
// changed without regard to the structure. An input that is no model is returned with bytes
// changed.
std::vector<uint8_t> MutateBytes(const uint8_t* data, size_t size, Random& random);

}  // namespace kws::fuzz

#endif  // CUSTOM_OPS_TESTS_MODEL_MUTATOR_H_
