#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"

namespace kws {
namespace {

static_assert(sizeof(IndexListEntry) == 2, "two entries are read as a word");

// Delta, value, delta, value. Entries that do not belong to the row are masked out: delta and value
// 0 stay where they are and add nothing, so that an odd begin or end needs no branch.
constexpr uint32_t MaskBefore(uint32_t begin) { return begin % 2 == 0 ? ~0u : 0xFFFF0000u; }
constexpr uint32_t MaskBehind(uint32_t end) { return end % 2 == 0 ? ~0u : 0x0000FFFFu; }

struct Walk {
  const int16_t* input;
  uint32_t column;
  int32_t sum;

  void Take(uint32_t entries) {
    const uint32_t first = column + (entries & 0xFFu);
    column = first + (entries >> 16 & 0xFFu);
    const uint32_t values = ExtendOddBytes(entries);
    sum = MultiplyAccumulateDual(PackHalves(input[first], input[column]), values, sum);
  }

  // `pairs` times two words, and reads the one behind them.
  void TakePairs(const uint32_t* words, uint32_t pairs) {
#if KWS_DSP_NATIVE
    uint32_t before = column, w = *words, v, a = 0, b = 0, even = 0, odd = 0, at;
    ++words;
    // Word k: its columns are `at` and `before`, its inputs a and b, its values `even` when k is
    // even; a product comes five cycles or more after the column that it waits for.
    asm volatile(
        ".p2align 3\n"
        "1:\n"
        "uxtab %[at], %[before], %[w]\n"
        "smlabt %[sum], %[b], %[even], %[sum]\n"
        "ldrh %[b], [%[input], %[before], lsl #1]\n"
        "smlabb %[sum], %[a], %[odd], %[sum]\n"
        "uxtab %[before], %[at], %[w], ror #16\n"
        "ldr %[v], [%[words]], #4\n"
        "sxtb16 %[even], %[w], ror #8\n"
        "ldrh %[a], [%[input], %[at], lsl #1]\n"
        "uxtab %[at], %[before], %[v]\n"
        "smlabt %[sum], %[b], %[odd], %[sum]\n"
        "ldrh %[b], [%[input], %[before], lsl #1]\n"
        "smlabb %[sum], %[a], %[even], %[sum]\n"
        "uxtab %[before], %[at], %[v], ror #16\n"
        "ldr %[w], [%[words]], #4\n"
        "sxtb16 %[odd], %[v], ror #8\n"
        "subs %[pairs], #1\n"
        "ldrh %[a], [%[input], %[at], lsl #1]\n"
        "bne 1b\n"
        "smlabt %[sum], %[b], %[even], %[sum]\n"
        "ldrh %[b], [%[input], %[before], lsl #1]\n"
        "smlabb %[sum], %[a], %[odd], %[sum]\n"
        "smlabt %[sum], %[b], %[odd], %[sum]\n"
        : [sum] "+r"(sum), [before] "+r"(before), [w] "+r"(w), [a] "+r"(a), [b] "+r"(b),
          [even] "+r"(even), [odd] "+r"(odd), [pairs] "+r"(pairs), [words] "+r"(words),
          [v] "=&r"(v), [at] "=&r"(at)
        : [input] "r"(input)
        : "cc", "memory");
    column = before;
#else
    for (uint32_t i = 0; i < 2 * pairs; ++i) Take(words[i]);
#endif
  }
};

}  // namespace

int32_t IndexListRow(const IndexListEntry* entries, uint32_t begin, uint32_t end,
                     const int16_t* input) {
  if (begin == end) return 0;
  const uint32_t* const words = reinterpret_cast<const uint32_t*>(entries);
  const uint32_t last = (end - 1) / 2;
  uint32_t at = begin / 2;
  Walk walk = {input, 0, 0};
  if (at == last) {
    walk.Take(words[at] & MaskBefore(begin) & MaskBehind(end));
    return walk.sum;
  }
  walk.Take(words[at] & MaskBefore(begin));
  ++at;
  const uint32_t pairs = (last - at) / 2;
  if (pairs > 0) walk.TakePairs(words + at, pairs);
  at += 2 * pairs;
  if (at != last) walk.Take(words[at]);
  walk.Take(words[last] & MaskBehind(end));
  return walk.sum;
}

}  // namespace kws
