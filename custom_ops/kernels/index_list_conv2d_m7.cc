#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/index_list_conv2d.h"
#include "custom_ops/kernels/pair_conv2d.h"
#include "custom_ops/kernels/pair_rows_m7.h"

namespace kws {
namespace {

#if KWS_DSP_NATIVE
// clang-format off
// One weight, six cycles: 4 SMLAL, 4 LDR for the second pairs of this weight and the first ones of
// the next, whose address and value are prepared meanwhile; the distance of the one after that is
// loaded at the end. r3 = distance. `last` fills the last slot.
#define KWS_INDEX_LIST_WEIGHT(last)  \
  "smlal r4, r5, r0, r12\n"          \
  "ldr  r0, [r2, #8]\n"              \
  "smlal r6, r7, r1, r12\n"          \
  "ldr  r1, [r2, #12]\n"             \
  "smlal r8, r9, r0, r12\n"          \
  "add  r2, r2, r3, lsl #4\n"        \
  "smlal r10, r11, r1, r12\n"        \
  "ldrsb r12, [lr, #-1]\n"           \
  "ldr  r0, [r2]\n"                  \
  "ldr  r1, [r2, #4]\n"              \
  "ldrb r3, [lr], #2\n"              \
  last "\n"

[[gnu::naked]] void RunRows(PairRows*) {
  asm volatile(
      KWS_PAIR_ENTER
      "ldr  lr, [sp, #4]\n"
      "ldr  r12, [sp, #8]\n"
      KWS_PAIR_START_0
      "ldrb r3, [lr], #4\n"    // the first distance; of the next row when this one is empty
      "ldr  r0, [r12], #4\n"
      "ldr  r2, [sp]\n"
      "ldr  r1, [r12]\n"
      "str  r12, [sp, #8]\n"
      KWS_PAIR_START_1
      "ldrsb r12, [lr, #-3]\n"
      "add  r2, r2, r3, lsl #4\n"
      "subs r1, r1, r0\n"
      "beq  4f\n"
      // All but the last weight in a loop of two: n = r1 - 1 of them. The counter starts at
      // (n - 2) / 2, rounded down; carry says that n is odd, minus that n is 0 or 1.
      "sub  r0, r1, #3\n"
      "ldrb r3, [lr, #-2]\n"
      "asrs r0, r0, #1\n"
      "ldr  r1, [r2, #4]\n"
      "add  r5, r5, r0, lsl #14\n"
      "ldr  r0, [r2]\n"
      "bcs  2f\n"
      "bmi  3f\n"
      ".balign 8\n"
      "1:\n"
      KWS_INDEX_LIST_WEIGHT("subs r5, r5, " KWS_PAIR_COUNT)
      "2:\n"
      KWS_INDEX_LIST_WEIGHT("bpl  1b")
      "3:\n"
      "smlal r4, r5, r0, r12\n"
      "ldr  r0, [r2, #8]\n"
      "smlal r6, r7, r1, r12\n"
      "ldr  r1, [r2, #12]\n"
      "sub  lr, lr, #2\n"
      "add  r5, r5, " KWS_PAIR_COUNT "\n"
      "smlal r8, r9, r0, r12\n"
      "smlal r10, r11, r1, r12\n"
      "b.w  KwsFinishPairRow\n"
      "4:\n"
      "sub  lr, lr, #4\n"
      "b.w  KwsFinishPairRow\n");
}
// clang-format on
#else
// The twin of the assembly: the weights of a row one after the other against the four pairs of
// positions.
void RunRows(PairRows* rows) {
  while (rows->rows > 0) {
    int64_t accumulators[kPairs] = {kPairStart, kPairStart, kPairStart, kPairStart};
    const uint32_t* words = rows->tile;
    for (uint32_t left = rows->row_offsets[1] - rows->row_offsets[0]; left > 0; --left) {
      const uint8_t delta = rows->stream[0];
      const int64_t value = static_cast<int8_t>(rows->stream[1]);
      rows->stream += sizeof(IndexListEntry);
      words += delta * kPairs;
      for (int32_t i = 0; i < kPairs; ++i) {
        accumulators[i] += static_cast<int32_t>(words[i]) * value;
      }
    }
    ++rows->row_offsets;
    FinishPairRow(rows, accumulators);
  }
}
#endif

void BeginRow(const PairWeights& weights, int32_t row, PairCursor* cursor) {
  cursor->stream = weights.stream + weights.row_offsets[row] * sizeof(IndexListEntry);
  cursor->left = static_cast<int32_t>(weights.row_offsets[row + 1] - weights.row_offsets[row]);
}

void NextSegment(const PairWeights&, PairCursor* cursor, PairRows* rows) {
  const int32_t count = cursor->left < kPairSegment ? cursor->left : kPairSegment;
  rows->stream = cursor->stream;
  rows->tile = cursor->tile;
  cursor->offsets[1] = static_cast<uint32_t>(count);
  rows->row_offsets = cursor->offsets;
  cursor->left -= count;
  for (int32_t i = 0; i < count; ++i, cursor->stream += sizeof(IndexListEntry)) {
    cursor->tile += *cursor->stream * kPairs;
  }
}

}  // namespace

bool IndexListConv2dIsFast(const IndexListConv& w, const ConvParams& params, const int32_t* bias) {
  for (int32_t row = 0; row < w.out_channels; ++row) {
    int64_t magnitude = 0;
    for (uint32_t i = w.row_offsets[row]; i < w.row_offsets[row + 1]; ++i) {
      const int32_t value = w.entries[i].value;
      magnitude += value < 0 ? -value : value;
    }
    if (!PairRowIsFast(w, params, row, magnitude, bias[row])) return false;
  }
  return true;
}

// The tile is aligned to the 8 bytes of two banks.
size_t IndexListConv2dM7ScratchBytes(const IndexListConv& weights) {
  return static_cast<size_t>(weights.columns) * kPairColumnBytes + 4;
}

void IndexListConv2dM7(const IndexListConv& w, const ConvDims& dims, const ConvParams& params,
                       bool fast, const int8_t* input, const int32_t* bias, int8_t* output,
                       void* scratch) {
  const PairWeights weights = {
      w,          reinterpret_cast<const uint8_t*>(w.entries), w.row_offsets, 0, RunRows, BeginRow,
      NextSegment};
  uint32_t* tile = static_cast<uint32_t*>(scratch);
  if (reinterpret_cast<uintptr_t>(tile) % 8 != 0) ++tile;
  PairConv2dM7(weights, dims, params, fast, input, bias, output, tile);
}

}  // namespace kws
