// The inner loop of the dense CONV_2D: groups of four output positions by two output channels.
#ifndef CUSTOM_OPS_KERNELS_CONV2D_GROUPS_H_
#define CUSTOM_OPS_KERNELS_CONV2D_GROUPS_H_

#include <cstdint>

#include "custom_ops/kernels/requantize.h"

namespace kws {

constexpr int32_t kPositions = 4;  // of a group
constexpr int32_t kChannels = 2;   // of a run
constexpr int32_t kPairStep = 4;   // pairs of a run are a multiple of this

// Two output channels for some groups. A word is two int16 factors of one sum; `pairs` words make
// the sum.
struct GroupRun {
  const uint32_t* weights;       // [pairs][kChannels]
  const uint32_t* weights_last;  // LastWeights(weights, pairs)
  const uint32_t* columns;       // [groups][pairs][kPositions]
  int32_t groups;                // at least 1
  int32_t bias[kChannels];
  FastRequantizer requantizers[kChannels];
  int8_t* output;  // of the first position and channel; the other channel follows
  int32_t stride;  // bytes from one position to the next
  // When not nullptr, the sums of the last group go here, [kChannels][kPositions], and nothing to
  // `output`: for requantisation that FastRequantizer does not take.
  int32_t* sums;

  static const uint32_t* LastWeights(const uint32_t* weights, int32_t pairs) {
    return weights + (pairs - kPairStep) * kChannels - kChannels;
  }
};

// Writes groups * kPositions positions of the two channels.
void MultiplyGroups(const GroupRun& run);

// The sums of the first two positions of the first group to run.sums, which must not be nullptr.
// Reads up to kReadBehind bytes behind weights and columns.
constexpr int32_t kReadBehind = 16;
void SumTwoPositions(const GroupRun& run);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV2D_GROUPS_H_
