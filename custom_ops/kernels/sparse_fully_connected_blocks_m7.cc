// Blocks of several units: one index and four inputs for all of them, a register of sums each. As
// C++, which says what is done and is the host's, and as Armv7E-M assembly.
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"
#include "custom_ops/kernels/sparse_fully_connected_quad.h"

namespace kws {
namespace {

#if KWS_DSP_NATIVE

// What the assembly keeps in memory: the loops need the registers.
struct Rows {
  const uint32_t* offsets;  // of the row that begins
  int32_t* sums;            // of the row that ends
  uint32_t left;            // rows up to the last one that has blocks
};

// clang-format off
// Four weights, w, of one unit: the even ones against x, the odd ones against y. Three cycles with
// two other instructions, the second of which may load w.
#define KWS_ROW(sum, slot, next)                \
      "sxtb16 %[e], %[w]\n"                     \
      slot                                      \
      "sxtb16 %[w], %[w], ror #8\n"             \
      "smlad %[" sum "], %[x], %[e], %[" sum "]\n" \
      "smlad %[" sum "], %[y], %[w], %[" sum "]\n" \
      next
// The last row of a block; x and y of the next block come from its four inputs, i.
#define KWS_LAST_ROW(sum, slot)                 \
      "sxtb16 %[e], %[w]\n"                     \
      slot                                      \
      "sxtb16 %[w], %[w], ror #8\n"             \
      "smlad %[" sum "], %[x], %[e], %[" sum "]\n" \
      "sxtab16 %[x], %[negated], %[i]\n"        \
      "smlad %[" sum "], %[y], %[w], %[" sum "]\n" \
      "sxtab16 %[y], %[negated], %[i], ror #8\n" \
      KWS_WEIGHTS
#define KWS_WEIGHTS "ldr %[w], [%[values]], #4\n"
#define KWS_INDEX(load, size) load " %[i], [%[indices]], #" size "\n"
#define KWS_INPUTS "ldr %[i], [%[input], %[i], lsl #2]\n"
#define KWS_COUNT "subs %[count], #1\n"

// All block rows. The turn of a block (1) loads from the next one, whichever row that belongs to;
// only the very last block (2) stands alone. Between rows (4: the end of one, 3: the begin of the
// next) the last row's count is made one less, for that block.
#define KWS_BLOCK_ROWS(load, size, block, last, store, clear) \
  asm volatile(                                 \
      KWS_INDEX(load, size)                     \
      KWS_WEIGHTS                               \
      KWS_INPUTS                                \
      "sxtab16 %[x], %[negated], %[i]\n"        \
      "sxtab16 %[y], %[negated], %[i], ror #8\n" \
      "b 3f\n"                                  \
      ".p2align 3\n"                            \
      "1:\n"                                    \
      block                                     \
      "bne 1b\n"                                \
      "ldr %[e], %[left]\n"                     \
      "cmp %[e], #0\n"                          \
      "beq 2f\n"                                \
      "4:\n"                                    \
      "ldr %[e], %[sums]\n"                     \
      store                                     \
      "str %[e], %[sums]\n"                     \
      "3:\n"                                    \
      "ldr %[i], %[offsets]\n"                  \
      "ldr %[e], [%[i]], #4\n"                  \
      "ldr %[count], [%[i]]\n"                  \
      "str %[i], %[offsets]\n"                  \
      "ldr %[i], %[left]\n"                     \
      "sub %[count], %[e]\n"                    \
      "sub %[i], #1\n"                          \
      "str %[i], %[left]\n"                     \
      "cmp %[i], #1\n"                          \
      "sbcs %[count], #0\n"                     \
      clear                                     \
      "bne 1b\n"                                \
      "cmp %[i], #0\n"                          \
      "bne 4b\n"                                \
      "2:\n"                                    \
      last                                      \
      "ldr %[e], %[sums]\n"                     \
      store                                     \
      "str %[e], %[sums]\n"                     \
      : KWS_SUMS, [indices] "+r"(indices), [values] "+r"(values), [count] "=&r"(count),     \
        [i] "=&r"(i), [w] "=&r"(w), [x] "=&r"(x), [y] "=&r"(y), [e] "=&r"(e),               \
        [offsets] "+m"(rows.offsets), [sums] "+m"(rows.sums), [left] "+m"(rows.left)        \
      : [input] "r"(input), [negated] "r"(negated)                                          \
      : "cc", "memory")

// Fourteen cycles.
#define KWS_ROWS_4X4(load, size)                \
  KWS_BLOCK_ROWS(load, size,                    \
      KWS_ROW("a", KWS_INDEX(load, size), KWS_WEIGHTS) \
      KWS_ROW("b", KWS_COUNT, KWS_WEIGHTS)      \
      KWS_ROW("c", KWS_INPUTS, KWS_WEIGHTS)     \
      KWS_LAST_ROW("d", ""),                    \
      KWS_ROW("a", "", KWS_WEIGHTS)             \
      KWS_ROW("b", "", KWS_WEIGHTS)             \
      KWS_ROW("c", "", KWS_WEIGHTS)             \
      KWS_ROW("d", "", ""),                     \
      "strd %[a], %[b], [%[e]], #8\n"           \
      "strd %[c], %[d], [%[e]], #8\n",          \
      "mov %[a], #0\n"                          \
      "mov %[b], #0\n"                          \
      "mov %[c], #0\n"                          \
      "mov %[d], #0\n")

// Eight cycles.
#define KWS_ROWS_2X4(load, size)                \
  KWS_BLOCK_ROWS(load, size,                    \
      KWS_ROW("a", KWS_INDEX(load, size), KWS_WEIGHTS) \
      KWS_LAST_ROW("b", KWS_INPUTS)             \
      KWS_COUNT,                                \
      KWS_ROW("a", "", KWS_WEIGHTS)             \
      KWS_ROW("b", "", ""),                     \
      "strd %[a], %[b], [%[e]], #8\n",          \
      "mov %[a], #0\n"                          \
      "mov %[b], #0\n")
// clang-format on

// Sums of the rows behind the last block are set to zero; the others are left to the assembly.
inline Rows RowsWithBlocks(const BlockSparseConv& weights, int32_t* sums) {
  int32_t rows = weights.block_rows;
  while (rows > 0 && weights.row_offsets[rows - 1] == weights.n_blocks) {
    --rows;
    for (int32_t r = 0; r < weights.block_out; ++r) sums[rows * weights.block_out + r] = 0;
  }
  return {weights.row_offsets, sums, static_cast<uint32_t>(rows)};
}

#else

// Row by row, kRows units each.
template <int kRows, typename Index>
void TakeRows(const BlockSparseConv& weights, const Index* indices, const int8_t* values,
              const int8_t* input, uint32_t negated, int32_t* sums) {
  for (int32_t row = 0; row < weights.block_rows; ++row, sums += kRows) {
    for (int r = 0; r < kRows; ++r) sums[r] = 0;
    uint32_t count = weights.row_offsets[row + 1] - weights.row_offsets[row];
    for (; count != 0; --count, ++indices) {
      const uint32_t bytes = LoadWord(input + 4 * *indices);
      const uint32_t columns[] = {AddEvenBytes(negated, bytes), AddOddBytes(negated, bytes)};
      for (int r = 0; r < kRows; ++r, values += 4) sums[r] = MultiplyQuad(values, columns, sums[r]);
    }
  }
}

#endif

}  // namespace

template <typename Index>
void BlockRows2x4(const BlockSparseConv& weights, const int8_t* input, uint32_t negated,
                  int32_t* sums) {
  const Index* indices = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
#if KWS_DSP_NATIVE
  Rows rows = RowsWithBlocks(weights, sums);
  if (rows.left == 0) return;
  uint32_t count, i, w, x, y, e;
  int32_t a, b;
#define KWS_SUMS [a] "=&r"(a), [b] "=&r"(b)
  if (sizeof(Index) == 1) {
    KWS_ROWS_2X4("ldrb", "1");
  } else {
    KWS_ROWS_2X4("ldrh", "2");
  }
#undef KWS_SUMS
#else
  TakeRows<2>(weights, indices, values, input, negated, sums);
#endif
}

template <typename Index>
void BlockRows4x4(const BlockSparseConv& weights, const int8_t* input, uint32_t negated,
                  int32_t* sums) {
  const Index* indices = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
#if KWS_DSP_NATIVE
  Rows rows = RowsWithBlocks(weights, sums);
  if (rows.left == 0) return;
  uint32_t count, i, w, x, y, e;
  int32_t a, b, c, d;
#define KWS_SUMS [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)
  if (sizeof(Index) == 1) {
    KWS_ROWS_4X4("ldrb", "1");
  } else {
    KWS_ROWS_4X4("ldrh", "2");
  }
#undef KWS_SUMS
#else
  TakeRows<4>(weights, indices, values, input, negated, sums);
#endif
}

template void BlockRows2x4<uint8_t>(const BlockSparseConv&, const int8_t*, uint32_t, int32_t*);
template void BlockRows2x4<uint16_t>(const BlockSparseConv&, const int8_t*, uint32_t, int32_t*);
template void BlockRows4x4<uint8_t>(const BlockSparseConv&, const int8_t*, uint32_t, int32_t*);
template void BlockRows4x4<uint16_t>(const BlockSparseConv&, const int8_t*, uint32_t, int32_t*);

}  // namespace kws
