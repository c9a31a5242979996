// Frame of the M7 routines over rows of one pair tile (inline assembly), and its registers.
#ifndef CUSTOM_OPS_KERNELS_PAIR_ROWS_M7_H_
#define CUSTOM_OPS_KERNELS_PAIR_ROWS_M7_H_

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/pair_tile.h"

#if KWS_DSP_NATIVE

// A routine is called with the PairRows in r0 and copies them to the stack, where the offsets are
// those of the struct. In a row r4 to r11 are the accumulators, r0 and r1 words of the tile in
// flight, r2 the address in the tile, r12 a weight, lr the stream. That is all registers: the loop
// counter stands above the two fields of the first accumulator (bits 46 to 63, in r5), which the
// fields never reach, so that its sign is the loop's condition.
#define KWS_PAIR_COUNT "#0x4000"  // one, in r5
#define KWS_PAIR_FRAME "#60"      // 13 words of PairRows, its address, 8-byte alignment

// clang-format off
#define KWS_PAIR_ENTER               \
  "push {r4-r11, lr}\n"              \
  "sub  sp, sp, " KWS_PAIR_FRAME "\n"\
  "ldm  r0, {r1-r12}\n"              \
  "ldr  lr, [r0, #48]\n"             \
  "adr  r12, 9f\n"                   \
  "add  r12, r12, #1\n"              \
  "stm  sp, {r1-r12}\n"              \
  "str  lr, [sp, #48]\n"             \
  "str  r0, [sp, #52]\n"             \
  ".balign 4\n"                      \
  "9:\n" /* each row; KwsFinishPairRow comes back here */

// kPairStart in every accumulator.
#define KWS_PAIR_START_0             \
  "mov  r4, #0x400000\n"             \
  "mov  r5, #0x2000\n"
#define KWS_PAIR_START_1             \
  "mov  r6, r4\n"                    \
  "mov  r7, r5\n"                    \
  "mov  r8, r4\n"                    \
  "mov  r9, r5\n"                    \
  "mov  r10, r4\n"                   \
  "mov  r11, r5\n"
// clang-format on

// Branched to, not called, with that frame: the accumulators are done, lr is the next row's stream,
// r0 to r3 and r12 are free.
extern "C" void KwsFinishPairRow();

#endif  // KWS_DSP_NATIVE

#endif  // CUSTOM_OPS_KERNELS_PAIR_ROWS_M7_H_
