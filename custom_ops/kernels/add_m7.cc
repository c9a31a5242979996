// The input of the larger scale is only shifted: its multiplier is 1/2. What the other one gives is
// one of 256 numbers, so large sums look it up: nine instructions and five cycles an output.
#include "custom_ops/kernels/add.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

constexpr int32_t kDigits = 20;              // more that the rescaled inputs have
constexpr int32_t kMaxPipelined = 1 << 22;   // outputs
constexpr int32_t kTableMin = 128;           // outputs that pay for a table
constexpr int32_t kValues = 256;             // of a byte
constexpr int32_t kHalf = int32_t{1} << 30;  // multiplier of 1/2 with shift 0

bool IsHalf(const AddInput& input) { return input.multiplier == kHalf && input.shift == 0; }

bool IsSmaller(const AddInput& input) { return input.shift <= -1; }

bool IsFast(const AddParams& p) {
  const bool inputs = IsHalf(p.a) ? IsHalf(p.b) || IsSmaller(p.b) : IsSmaller(p.a) && IsHalf(p.b);
  return inputs && FastRequantizer::Takes(p.output_shift);
}

int32_t Shifted(int32_t value, int32_t digits) {
  return static_cast<int32_t>(static_cast<uint32_t>(value) << digits);
}

[[gnu::noinline]] int32_t Rescaled(const AddInput& input, int32_t value) {
  return MultiplyByQuantizedMultiplier(Shifted(value - input.zero_point, kDigits), input.multiplier,
                                       input.shift);
}

[[gnu::noinline]] int8_t Sum(const AddParams& p, int32_t a, int32_t b) {
  const int32_t sum = MultiplyByQuantizedMultiplier(Rescaled(p.a, a) + Rescaled(p.b, b),
                                                    p.output_multiplier, p.output_shift);
  return static_cast<int8_t>(Clamp(sum + p.output_zero_point, p.activation_min, p.activation_max));
}

// Inputs along one dimension: `wide` has the larger scale.
struct Run {
  const int8_t* wide;
  const int8_t* other;
  int32_t count, wide_step, other_step;
};

// table[byte]: twice what an input of that byte adds to a sum, less twice what the zero point of
// the wide one adds.
void FillTable(const AddInput& other, int32_t wide_zero_point, int32_t* table) {
  const bool half = IsHalf(other);
  const int32_t right = half ? 1 : -other.shift;
  const int32_t last = 1 << (right - 1);
  for (int32_t i = 0; i < kValues; ++i) {
    const int32_t value = Shifted(static_cast<int8_t>(i) - other.zero_point, kDigits);
    const int32_t rescaled =
        half ? value >> 1
             : MultiplyByQuantizedMultiplierNarrow(value, other.multiplier, right, last);
    table[i] = 2 * rescaled - Shifted(wide_zero_point, kDigits);
  }
}

struct TableAdder {
  const int32_t* table;
  FastRequantizer requantize;
  int32_t min, max;

  // Before saturation.
  int32_t operator()(int8_t wide, int8_t other) const {
    const int32_t twice = Shifted(wide, kDigits) + table[static_cast<uint8_t>(other)];
    return MultiplyHighRoundedAdd(twice, requantize.multiplier,
                                  requantize.offset + (twice >> 31)) >>
           requantize.right;
  }
};

// Stores `count` outputs, a multiple of four from 4 to kMaxPipelined: first `sum`, saturated, then
// those of the inputs but the last, which it returns. Reads two values of `other` and one of `wide`
// more than that, while the pointers move on by `count`.
//
// Each line is a cycle: while one output is multiplied, the one before is saturated and stored, and
// what the next two need is loaded three cycles before its use.
int32_t AddPipelined(const TableAdder& adder, int32_t sum, int32_t count, const int8_t*& wide,
                     const int8_t*& other, int8_t*& output) {
#if KWS_DSP_NATIVE
#define KWS_ADD_ONE(last)                                                       \
  "ldrsb %[value], [%[wide]], #1\n add %[high], %[offset], %[twice], asr #31\n" \
  "ssat %[sum], #8, %[sum]\n ldrb %[index], [%[other]], #1\n"                   \
  "smmlar %[high], %[twice], %[multiplier], %[high]\n" last                     \
  "strb %[sum], [%[output]], #1\n add %[twice], %[entry], %[value], lsl #20\n"  \
  "ldr %[entry], [%[table], %[index], lsl #2]\n asr %[sum], %[high], %[right]\n"
  // A shift looks at the lowest byte of a register only: the counter takes the others. So there are
  // thirteen registers, which is what compilers give.
  int32_t right = adder.requantize.right | count << 8;
  int32_t entry, value, index, twice, high;
  asm volatile(
      "ldrb %[index], [%[other]], #1\n"
      "ldrsb %[value], [%[wide]], #1\n"
      "ldr %[entry], [%[table], %[index], lsl #2]\n"
      "ldrb %[index], [%[other]], #1\n"
      "add %[twice], %[entry], %[value], lsl #20\n"
      "ldr %[entry], [%[table], %[index], lsl #2]\n"
      "1:\n"  //
      KWS_ADD_ONE("") KWS_ADD_ONE("") KWS_ADD_ONE("sub %[right], #4 << 8\n")
          KWS_ADD_ONE("cmp %[right], #1 << 8\n") "bge 1b\n"
      : [wide] "+r"(wide), [other] "+r"(other), [output] "+r"(output), [sum] "+r"(sum),
        [entry] "=&r"(entry), [value] "=&r"(value), [index] "=&r"(index), [twice] "=&r"(twice),
        [high] "=&r"(high), [right] "+r"(right)
      : [table] "r"(adder.table), [offset] "r"(adder.requantize.offset),
        [multiplier] "r"(adder.requantize.multiplier)
      : "cc", "memory");
#undef KWS_ADD_ONE
  wide -= 1;
  other -= 2;
#else
  for (; count > 0; --count) {
    *output++ = static_cast<int8_t>(SaturateInt8(sum));
    sum = adder(*wide++, *other++);
  }
#endif
  return sum;
}

[[gnu::noinline]] void AddRun(const TableAdder& adder, const Run& run, int8_t* output) {
  const int8_t* wide = run.wide;
  const int8_t* other = run.other;
  const int8_t* end = output + run.count;
  int8_t* out = output;
  if (run.wide_step == 1 && run.other_step == 1 && run.count >= 7) {
    const int32_t first = adder(*wide++, *other++);
    const int32_t rest = run.count - 3 < kMaxPipelined ? run.count - 3 : kMaxPipelined;
    const int32_t last = AddPipelined(adder, first, rest & ~3, wide, other, out);
    *out++ = static_cast<int8_t>(SaturateInt8(last));
  }
  for (; out < end; ++out, wide += run.wide_step, other += run.other_step) {
    *out = static_cast<int8_t>(SaturateInt8(adder(*wide, *other)));
  }
  if (adder.min == INT8_MIN && adder.max == INT8_MAX) return;
  for (out = output; out < end; ++out) {
    *out = static_cast<int8_t>(Clamp(*out, adder.min, adder.max));
  }
}

}  // namespace

uint32_t AddM7ScratchBytes(const AddParams& params, const AddDims& dims) {
  return IsFast(params) && dims.Count() >= kTableMin ? kValues * sizeof(int32_t) : 0;
}

void AddM7(const AddParams& p, const AddDims& dims, const int8_t* a, const int8_t* b,
           int8_t* output, void* scratch) {
  const int32_t count = dims.size[3], step_a = dims.stride_a[3], step_b = dims.stride_b[3];
  if (AddM7ScratchBytes(p, dims) == 0) {
    ForEachAddRun(dims, a, b, output, [&](const int8_t* run_a, const int8_t* run_b, int8_t* out) {
      const int8_t* end = out + count;
      for (; out < end; ++out, run_a += step_a, run_b += step_b) *out = Sum(p, *run_a, *run_b);
    });
    return;
  }
  const bool a_is_wide = IsHalf(p.a);
  auto* table = static_cast<int32_t*>(scratch);
  FillTable(a_is_wide ? p.b : p.a, (a_is_wide ? p.a : p.b).zero_point, table);
  const TableAdder adder = {
      table, FastRequantizer(p.output_multiplier, -p.output_shift, p.output_zero_point),
      p.activation_min, p.activation_max};
  ForEachAddRun(dims, a, b, output, [&](const int8_t* run_a, const int8_t* run_b, int8_t* out) {
    const Run run = a_is_wide ? Run{run_a, run_b, count, step_a, step_b}
                              : Run{run_b, run_a, count, step_b, step_a};
    AddRun(adder, run, out);
  });
}

}  // namespace kws
