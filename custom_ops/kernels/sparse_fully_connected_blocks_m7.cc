// Blocks of several units: one index and one pair of inputs for all of them, a register of sums
// each. As C++, which says what is done and is the host's, and as Armv7E-M assembly.
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"
#include "custom_ops/kernels/sparse_fully_connected_quad.h"

namespace kws {
namespace {

#if KWS_DSP_NATIVE
// clang-format off
// A row of a block: its even weights against x, its odd ones against y; those of the row before are
// still to be multiplied with y when it begins.
#define KWS_ROW(sum, before)                    \
      "sxtb16 %[e], %[w]\n"                     \
      "smlad %[" before "], %[y], %[o], %[" before "]\n" \
      "sxtb16 %[o], %[w], ror #8\n"             \
      "smlad %[" sum "], %[x], %[e], %[" sum "]\n"
#define KWS_NEXT(slot)                          \
      "ldr %[w], [%[values]], #4\n"             \
      slot

// `count` blocks of 4x4, thirteen cycles each. %[i]: index, then address, of the next block.
#define KWS_BLOCKS_4X4(load, size)              \
  asm volatile(                                 \
      load " %[i], [%[indices]], #" size "\n"   \
      "ldr %[w], [%[values]], #4\n"             \
      "add %[i], %[input], %[i], lsl #3\n"      \
      "ldrd %[x], %[y], [%[i]]\n"               \
      "sxtb16 %[e], %[w]\n"                     \
      "subs %[count], #1\n"                     \
      "beq 2f\n"                                \
      ".p2align 3\n"                            \
      "1:\n"                                    \
      "sxtb16 %[o], %[w], ror #8\n"             \
      "smlad %[a], %[x], %[e], %[a]\n"          \
      KWS_NEXT(load " %[i], [%[indices]], #" size "\n") \
      KWS_ROW("b", "a")                 \
      KWS_NEXT("subs %[count], #1\n")           \
      KWS_ROW("c", "b")                 \
      KWS_NEXT("add %[i], %[input], %[i], lsl #3\n") \
      KWS_ROW("d", "c")                 \
      KWS_NEXT("ldr %[x], [%[i]]\n")            \
      "sxtb16 %[e], %[w]\n"                     \
      "smlad %[d], %[y], %[o], %[d]\n"          \
      "ldr %[y], [%[i], #4]\n"                  \
      "bne 1b\n"                                \
      "2:\n"                                    \
      "sxtb16 %[o], %[w], ror #8\n"             \
      "smlad %[a], %[x], %[e], %[a]\n"          \
      KWS_NEXT("")                              \
      KWS_ROW("b", "a")                 \
      KWS_NEXT("")                              \
      KWS_ROW("c", "b")                 \
      KWS_NEXT("")                              \
      KWS_ROW("d", "c")                 \
      "smlad %[d], %[y], %[o], %[d]\n"          \
      : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [indices] "+r"(indices),   \
        [values] "+r"(values), [count] "+r"(count), [i] "=&r"(i), [w] "=&r"(w),        \
        [x] "=&r"(x), [y] "=&r"(y), [e] "=&r"(e), [o] "=&r"(o)                         \
      : [input] "r"(input)                                                             \
      : "cc", "memory")

// `count` blocks of 2x4, eight cycles each.
#define KWS_BLOCKS_2X4(load, size)              \
  asm volatile(                                 \
      load " %[i], [%[indices]], #" size "\n"   \
      "ldr %[w], [%[values]], #4\n"             \
      "ldr %[x], [%[input], %[i], lsl #3]\n"    \
      "ldr %[y], [%[odd], %[i], lsl #3]\n"      \
      "sxtb16 %[e], %[w]\n"                     \
      "subs %[count], #1\n"                     \
      "beq 2f\n"                                \
      ".p2align 3\n"                            \
      "1:\n"                                    \
      "sxtb16 %[o], %[w], ror #8\n"             \
      "smlad %[a], %[x], %[e], %[a]\n"          \
      KWS_NEXT(load " %[i], [%[indices]], #" size "\n") \
      KWS_ROW("b", "a")                 \
      KWS_NEXT("subs %[count], #1\n")           \
      "ldr %[x], [%[input], %[i], lsl #3]\n"    \
      "sxtb16 %[e], %[w]\n"                     \
      "smlad %[b], %[y], %[o], %[b]\n"          \
      "ldr %[y], [%[odd], %[i], lsl #3]\n"      \
      "bne 1b\n"                                \
      "2:\n"                                    \
      "sxtb16 %[o], %[w], ror #8\n"             \
      "smlad %[a], %[x], %[e], %[a]\n"          \
      KWS_NEXT("")                              \
      KWS_ROW("b", "a")                 \
      "smlad %[b], %[y], %[o], %[b]\n"          \
      : [a] "+r"(a), [b] "+r"(b), [indices] "+r"(indices), [values] "+r"(values),      \
        [count] "+r"(count), [i] "=&r"(i), [w] "=&r"(w), [x] "=&r"(x), [y] "=&r"(y),   \
        [e] "=&r"(e), [o] "=&r"(o)                                                     \
      : [input] "r"(input), [odd] "r"(input + 1)                                       \
      : "cc", "memory")
// clang-format on
#else

// sums[r] += row r of `count` blocks, which are used up.
template <int kRows, typename Index>
void TakeBlocks(const Index*& indices, const int8_t*& values, const uint32_t* input, uint32_t count,
                int32_t (&sums)[kRows]) {
  for (; count != 0; --count, ++indices) {
    const uint32_t* const columns = input + 2 * *indices;
    for (int r = 0; r < kRows; ++r, values += 4) sums[r] = MultiplyQuad(values, columns, sums[r]);
  }
}

#endif

}  // namespace

template <typename Index>
void BlockRows2x4(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums) {
  const Index* indices = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
  for (int32_t row = 0; row < weights.block_rows; ++row, sums += 2) {
    uint32_t count = weights.row_offsets[row + 1] - weights.row_offsets[row];
#if KWS_DSP_NATIVE
    int32_t a = 0, b = 0;
    if (count != 0) {
      uint32_t i, w, x, y, e, o;
      if (sizeof(Index) == 1) {
        KWS_BLOCKS_2X4("ldrb", "1");
      } else {
        KWS_BLOCKS_2X4("ldrh", "2");
      }
    }
    sums[0] = a;
    sums[1] = b;
#else
    int32_t local[2] = {};
    TakeBlocks(indices, values, input, count, local);
    for (int r = 0; r < 2; ++r) sums[r] = local[r];
#endif
  }
}

template <typename Index>
void BlockRows4x4(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums) {
  const Index* indices = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
  for (int32_t row = 0; row < weights.block_rows; ++row, sums += 4) {
    uint32_t count = weights.row_offsets[row + 1] - weights.row_offsets[row];
#if KWS_DSP_NATIVE
    int32_t a = 0, b = 0, c = 0, d = 0;
    if (count != 0) {
      uint32_t i, w, x, y, e, o;
      if (sizeof(Index) == 1) {
        KWS_BLOCKS_4X4("ldrb", "1");
      } else {
        KWS_BLOCKS_4X4("ldrh", "2");
      }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
#else
    int32_t local[4] = {};
    TakeBlocks(indices, values, input, count, local);
    for (int r = 0; r < 4; ++r) sums[r] = local[r];
#endif
  }
}

template void BlockRows2x4<uint8_t>(const BlockSparseConv&, const uint32_t*, int32_t*);
template void BlockRows2x4<uint16_t>(const BlockSparseConv&, const uint32_t*, int32_t*);
template void BlockRows4x4<uint8_t>(const BlockSparseConv&, const uint32_t*, int32_t*);
template void BlockRows4x4<uint16_t>(const BlockSparseConv&, const uint32_t*, int32_t*);

}  // namespace kws
