#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/n_of_m_conv2d.h"
#include "custom_ops/kernels/pair_conv2d.h"
#include "custom_ops/kernels/pair_rows_m7.h"

namespace kws {
namespace {

// A group of four columns takes 64 bytes of the tile and is aligned to them: the kernel puts the
// position of a weight straight into bits 4 and 5 of the address.
constexpr int32_t kGroupBytes = kNOfMGroup * kPairColumnBytes;
static_assert(kGroupBytes == 64, "positions stand in bits 4 and 5");

#if KWS_DSP_NATIVE
// One weight, six cycles: 4 SMLAL, 4 LDR for its second pairs (from `here`, `here` + 4) and the
// first ones of the next weight (from `there`, `there` + 4), whose position goes into the address.
// r3 = positions, the next one lowest. `value` is the next weight's place before lr.
// clang-format off
#define KWS_N_OF_M_WEIGHT(here, value, there, more) \
  "smlal r4, r5, r0, r12\n"                         \
  "ldr  r0, [r2, #" here "+8]\n"                    \
  "smlal r6, r7, r1, r12\n"                         \
  "ldr  r1, [r2, #" here "+12]\n"                   \
  "bfi  r2, r3, #4, #2\n"                           \
  "smlal r8, r9, r0, r12\n"                         \
  "smlal r10, r11, r1, r12\n"                       \
  "ldrsb r12, [lr, #-" value "]\n"                  \
  "ldr  r0, [r2, #" there "]\n"                     \
  "ldr  r1, [r2, #" there "+4]\n"                   \
  more
// clang-format on

// A routine for N of 4: `g1`, `g2`, `g3` are the bytes from the first weight's group of a quad to
// those of the others, `g4` to the next quad. The loop begins in the middle of a quad and ends
// there, with the positions of a new quad loaded on the way; the last half quad follows it.
// clang-format off
#define KWS_N_OF_M_ROUTINE(g1, g2, g3, g4)                                        \
  asm volatile(                                                                   \
      KWS_PAIR_ENTER                                                              \
      "ldr  lr, [sp, #4]\n"                                                       \
      "ldr  r1, [sp, #48]\n"                                                      \
      "ldr  r2, [sp]\n"                                                           \
      KWS_PAIR_START_0                                                            \
      "ldrb r3, [lr], #5\n"                                                       \
      KWS_PAIR_START_1                                                            \
      "bfi  r2, r3, #4, #2\n"                                                     \
      "subs r1, r1, #2\n"                                                         \
      "ldrsb r12, [lr, #-4]\n"                                                    \
      "add  r5, r5, r1, lsl #14\n"                                                \
      "ldr  r0, [r2]\n"                                                           \
      "ldr  r1, [r2, #4]\n"                                                       \
      "lsr  r3, r3, #2\n"                                                         \
      "b    2f\n"                                                                 \
      ".balign 8\n"                                                               \
      "1:\n"                                                                      \
      KWS_N_OF_M_WEIGHT(g2, "1", g3,                                              \
                        "ldrb r3, [lr], #5\n"                                     \
                        "subs r5, r5, " KWS_PAIR_COUNT "\n")                      \
      KWS_N_OF_M_WEIGHT(g3, "4", g4,                                              \
                        "add  r2, r2, #" g4 "\n"                                  \
                        "lsr  r3, r3, #2\n")                                      \
      "2:\n"                                                                      \
      KWS_N_OF_M_WEIGHT("0", "3", g1, "lsr  r3, r3, #2\n")                        \
      KWS_N_OF_M_WEIGHT(g1, "2", g2,                                              \
                        "lsr  r3, r3, #2\n"                                       \
                        "bpl  1b\n")                                              \
      KWS_N_OF_M_WEIGHT(g2, "1", g3, "")                                          \
      "smlal r4, r5, r0, r12\n"                                                   \
      "ldr  r0, [r2, #" g3 "+8]\n"                                                \
      "smlal r6, r7, r1, r12\n"                                                   \
      "ldr  r1, [r2, #" g3 "+12]\n"                                               \
      "add  r5, r5, " KWS_PAIR_COUNT "\n"                                         \
      "smlal r8, r9, r0, r12\n"                                                   \
      "smlal r10, r11, r1, r12\n"                                                 \
      "b.w  KwsFinishPairRow\n")
// clang-format on

[[gnu::naked]] void RunRows2Of4(PairRows*) { KWS_N_OF_M_ROUTINE("0", "64", "64", "128"); }
[[gnu::naked]] void RunRows1Of4(PairRows*) { KWS_N_OF_M_ROUTINE("64", "128", "192", "256"); }
#else
// The twin of the assembly: the weights of a row one after the other against the four pairs of
// positions.
template <int32_t kN>
void RunRows(PairRows* rows) {
  while (rows->rows > 0) {
    int64_t accumulators[kPairs] = {kPairStart, kPairStart, kPairStart, kPairStart};
    const uint32_t* group = rows->tile;
    for (int32_t left = rows->row_quads; left > 0; --left) {
      const NOfMQuad& quad = *reinterpret_cast<const NOfMQuad*>(rows->stream);
      rows->stream += sizeof(NOfMQuad);
      for (int32_t i = 0; i < NOfMQuad::kValues; ++i) {
        const int32_t column = i / kN * kNOfMGroup + (quad.positions >> (2 * i) & 3);
        for (int32_t p = 0; p < kPairs; ++p) {
          accumulators[p] +=
              int64_t{static_cast<int32_t>(group[column * kPairs + p])} * quad.values[i];
        }
      }
      group += NOfMQuad::kValues / kN * kNOfMGroup * kPairs;
    }
    FinishPairRow(rows, accumulators);
  }
}
constexpr RunPairRowsFn RunRows2Of4 = RunRows<2>;
constexpr RunPairRowsFn RunRows1Of4 = RunRows<1>;
#endif

void BeginRow(const PairWeights& weights, int32_t row, PairCursor* cursor) {
  const size_t row_bytes = static_cast<size_t>(weights.row_quads) * sizeof(NOfMQuad);
  cursor->stream = weights.stream + row * row_bytes;
  cursor->left = weights.row_quads;
}

void NextSegment(const PairWeights& weights, PairCursor* cursor, PairRows* rows) {
  constexpr int32_t kMost = kPairSegment / NOfMQuad::kValues;
  const int32_t count = cursor->left < kMost ? cursor->left : kMost;
  const int32_t groups_of_quad = weights.run == RunRows2Of4 ? 2 : 4;
  rows->stream = cursor->stream;
  rows->tile = cursor->tile;
  rows->row_quads = count;
  cursor->left -= count;
  cursor->stream += static_cast<size_t>(count) * sizeof(NOfMQuad);
  cursor->tile += count * groups_of_quad * kNOfMGroup * kPairs;
}

}  // namespace

bool NOfMConv2dIsFast(const NOfMConv& w, const ConvParams& params, const int32_t* bias) {
  for (int32_t row = 0; row < w.out_channels; ++row) {
    int64_t magnitude = 0;
    for (int32_t i = 0; i < w.groups * w.n; ++i) {
      const int32_t value = w.value(row, i);
      magnitude += value < 0 ? -value : value;
    }
    if (!PairRowIsFast(w, params, row, magnitude, bias[row])) return false;
  }
  return true;
}

size_t NOfMConv2dM7ScratchBytes(const NOfMConv& weights) {
  const size_t groups = static_cast<size_t>(weights.row_quads) * NOfMQuad::kValues / weights.n;
  return groups * kGroupBytes + kGroupBytes - 4;
}

void NOfMConv2dM7(const NOfMConv& w, const ConvDims& dims, const ConvParams& params, bool fast,
                  const int8_t* input, const int32_t* bias, int8_t* output, void* scratch) {
  const PairWeights weights = {w,           reinterpret_cast<const uint8_t*>(w.quads), nullptr,
                               w.row_quads, w.n == 1 ? RunRows1Of4 : RunRows2Of4,      BeginRow,
                               NextSegment};
  uintptr_t tile = reinterpret_cast<uintptr_t>(scratch);
  tile = (tile + kGroupBytes - 1) / kGroupBytes * kGroupBytes;
  PairConv2dM7(weights, dims, params, fast, input, bias, output, reinterpret_cast<uint32_t*>(tile));
}

}  // namespace kws
