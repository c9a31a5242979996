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

  // Two entries.
  void Take(uint32_t entries) {
    const uint32_t first = column + (entries & 0xFFu);
    column = first + (entries >> 16 & 0xFFu);
    const uint32_t values = ExtendOddBytes(entries);
    sum = MultiplyAccumulateDual(PackHalves(input[first], input[column]), values, sum);
  }

  // `w` and the words from `words` on, 2 * pairs in all; returns the word behind them.
  uint32_t TakePairs(uint32_t w, const uint32_t* words, uint32_t pairs) {
#if KWS_DSP_NATIVE
    // Word k: its columns are `at` and `column`, its inputs a and b, its values `even` when k is
    // even, else `odd`. A product comes five cycles or more after the column that it waits for.
    uint32_t v, a = 0, b = 0, even = 0, odd = 0, at;
    asm volatile(
        ".p2align 3\n"
        "1:\n"
        "uxtab %[at], %[column], %[w]\n"
        "smlabt %[sum], %[b], %[even], %[sum]\n"
        "ldrh %[b], [%[input], %[column], lsl #1]\n"
        "smlabb %[sum], %[a], %[odd], %[sum]\n"
        "uxtab %[column], %[at], %[w], ror #16\n"
        "ldr %[v], [%[words]], #4\n"
        "sxtb16 %[even], %[w], ror #8\n"
        "ldrh %[a], [%[input], %[at], lsl #1]\n"
        "uxtab %[at], %[column], %[v]\n"
        "smlabt %[sum], %[b], %[odd], %[sum]\n"
        "ldrh %[b], [%[input], %[column], lsl #1]\n"
        "smlabb %[sum], %[a], %[even], %[sum]\n"
        "uxtab %[column], %[at], %[v], ror #16\n"
        "ldr %[w], [%[words]], #4\n"
        "sxtb16 %[odd], %[v], ror #8\n"
        "subs %[pairs], #1\n"
        "ldrh %[a], [%[input], %[at], lsl #1]\n"
        "bne 1b\n"
        "smlabt %[sum], %[b], %[even], %[sum]\n"
        "ldrh %[b], [%[input], %[column], lsl #1]\n"
        "smlabb %[sum], %[a], %[odd], %[sum]\n"
        "smlabt %[sum], %[b], %[odd], %[sum]\n"
        : [sum] "+r"(sum), [column] "+r"(column), [w] "+r"(w), [a] "+r"(a), [b] "+r"(b),
          [even] "+r"(even), [odd] "+r"(odd), [pairs] "+r"(pairs), [words] "+r"(words),
          [v] "=&r"(v), [at] "=&r"(at)
        : [input] "r"(input)
        : "cc", "memory");
    return w;
#else
    for (uint32_t i = 1; i < 2 * pairs; ++i) {
      Take(w);
      w = *words++;
    }
    Take(w);
    return *words;
#endif
  }
};

// The last word is taken alone, masked, and one more when the number of words before it is odd.
inline int32_t Row(const uint32_t* words, uint32_t begin, uint32_t end, const int16_t* input) {
  if (begin == end) return 0;
  Walk walk = {input, 0, 0};
  words += begin / 2;
  uint32_t left = (end - 1) / 2 - begin / 2;
  uint32_t word = *words++ & MaskBefore(begin);
  if (left % 2 != 0) {
    walk.Take(word);
    word = *words++;
  }
  if (left >= 2) word = walk.TakePairs(word, words, left / 2);
  walk.Take(word & MaskBehind(end));
  return walk.sum;
}

}  // namespace

void IndexListRows(const IndexListConv& weights, const uint32_t* input, int32_t* sums) {
  const int16_t* const inputs = reinterpret_cast<const int16_t*>(input);
  const uint32_t* const words = reinterpret_cast<const uint32_t*>(weights.entries);
  for (int32_t row = 0; row < weights.out_channels; ++row) {
    sums[row] = Row(words, weights.row_offsets[row], weights.row_offsets[row + 1], inputs);
  }
}

}  // namespace kws
