// A weight is read once whatever is done, so weights are expanded where they are used: four weights
// of a unit take one load, two extensions and two SMLADs, which the compiler would put one behind
// the other. Here the load is issued while another unit's weights are multiplied, and extensions
// and SMLADs share cycles.
#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/fully_connected_units.h"

namespace kws {

#if KWS_DSP_NATIVE

// Registers: r0 input, r1 last value of r0, r2 weights, r3 and r9 one and three rows, r4 and r10
// input words, r5-r8 sums, r11, r12 and lr weights.
[[gnu::naked]] void MultiplyFourUnits(UnitRun*) {
  asm volatile(
      "push   {r0, r4-r11, lr} \n"
      "ldm    r0, {r0-r3, r5-r8} \n"
      "ldr    r11, [r2] \n"
      "add    r9, r3, r3, lsl #1 \n"
      "ldr    r4, [r0] \n"
      "ldr    r10, [r0, #4] \n"
      "1: \n"
      "sxtb16 lr, r11 \n"
      "ldr    r12, [r2, r3] \n"
      "sxtb16 r11, r11, ror #8 \n"
      "smlad  r5, r4, lr, r5 \n"
      "add    r0, r0, #8 \n"
      "smlad  r5, r10, r11, r5 \n"
      "sxtb16 lr, r12 \n"
      "ldr    r11, [r2, r3, lsl #1] \n"
      "sxtb16 r12, r12, ror #8 \n"
      "smlad  r6, r4, lr, r6 \n"
      "cmp    r0, r1 \n"
      "smlad  r6, r10, r12, r6 \n"
      "sxtb16 lr, r11 \n"
      "ldr    r12, [r2, r9] \n"
      "sxtb16 r11, r11, ror #8 \n"
      "smlad  r7, r4, lr, r7 \n"
      "add    r2, r2, #4 \n"
      "smlad  r7, r10, r11, r7 \n"
      "sxtb16 lr, r12 \n"
      "ldr    r11, [r2] \n"
      "sxtb16 r12, r12, ror #8 \n"
      "smlad  r8, r4, lr, r8 \n"
      "ldr    r4, [r0] \n"
      "smlad  r8, r10, r12, r8 \n"
      "ldr    r10, [r0, #4] \n"
      "bne    1b \n"
      "pop    {r0} \n"
      "add    r0, r0, #16 \n"
      "stm    r0, {r5-r8} \n"
      "pop    {r4-r11, pc} \n");
}

void MultiplyTwoUnits(UnitRun* run) {
  const uint32_t* input = run->input;
  const int8_t* rows = run->rows;
  int32_t first = run->sums[0], second = run->sums[1];
  uint32_t even, odd, a, b, weights;
  asm volatile(
      "ldr    %[a], [%[rows]] \n"
      "ldr    %[even], [%[input]] \n"
      "ldr    %[odd], [%[input], #4] \n"
      "1: \n"
      "sxtb16 %[weights], %[a] \n"
      "ldr    %[b], [%[rows], %[step]] \n"
      "sxtb16 %[a], %[a], ror #8 \n"
      "smlad  %[first], %[even], %[weights], %[first] \n"
      "add    %[rows], %[rows], #4 \n"
      "smlad  %[first], %[odd], %[a], %[first] \n"
      "sxtb16 %[weights], %[b] \n"
      "ldr    %[a], [%[rows]] \n"
      "sxtb16 %[b], %[b], ror #8 \n"
      "smlad  %[second], %[even], %[weights], %[second] \n"
      "ldr    %[even], [%[input], #8]! \n"
      "smlad  %[second], %[odd], %[b], %[second] \n"
      "ldr    %[odd], [%[input], #4] \n"
      "cmp    %[input], %[end] \n"
      "bne    1b \n"
      : [first] "+&r"(first), [second] "+&r"(second), [rows] "+&r"(rows), [input] "+&r"(input),
        [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b), [weights] "=&r"(weights)
      : [step] "r"(run->row_step), [end] "r"(run->input_end)
      : "cc", "memory");
  run->sums[0] = run->sums[2] = first;
  run->sums[1] = run->sums[3] = second;
}

#else

namespace {

void Multiply(UnitRun* run, int32_t count) {
  for (int32_t u = 0; u < count; ++u) {
    const int8_t* weights = run->rows + u * run->row_step;
    for (const uint32_t* input = run->input; input != run->input_end; input += 2, weights += 4) {
      const uint32_t word = LoadWord(weights);
      run->sums[u] = MultiplyAccumulateDual(input[0], ExtendEvenBytes(word), run->sums[u]);
      run->sums[u] = MultiplyAccumulateDual(input[1], ExtendOddBytes(word), run->sums[u]);
    }
  }
}

}  // namespace

void MultiplyFourUnits(UnitRun* run) { Multiply(run, kUnits); }

void MultiplyTwoUnits(UnitRun* run) {
  Multiply(run, 2);
  run->sums[2] = run->sums[0];
  run->sums[3] = run->sums[1];
}

#endif

}  // namespace kws
