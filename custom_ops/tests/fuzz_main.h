// What a fuzz target defines so that libFuzzer or the driver in fuzz_main.cc can run it.
#ifndef CUSTOM_OPS_TESTS_FUZZ_MAIN_H_
#define CUSTOM_OPS_TESTS_FUZZ_MAIN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "custom_ops/tests/model_mutator.h"

namespace kws::fuzz {

// Aborts on a finding; true when the input was accepted and run.
bool RunInput(const uint8_t* data, size_t size);

// A changed copy of an input.
std::vector<uint8_t> Mutate(const uint8_t* data, size_t size, Random& random);

}  // namespace kws::fuzz

#endif  // CUSTOM_OPS_TESTS_FUZZ_MAIN_H_
