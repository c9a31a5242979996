#include "custom_ops/kernels/pair_conv2d.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

// Any row: in segments that fit whatever the weights, any scale, any clamp, the first `count`
// positions.
void RunRow(const PairWeights& weights, const ConvParams& params, PairRows* rows, int32_t channel,
            int32_t bias, int32_t count, int8_t* output) {
  static constexpr int32_t kNoBias = 0;
  uint32_t sums[kPairTile];
  for (uint32_t& sum : sums) sum = static_cast<uint32_t>(bias);
  PairCursor cursor = {nullptr, rows->tile, 0, {0, 0}};
  const uint32_t* const tile = rows->tile;
  weights.begin(weights, channel, &cursor);
  while (cursor.left > 0) {
    weights.next(weights, &cursor, rows);
    rows->rows = 1;
    rows->bias = &kNoBias;
    rows->shifts = weights.layer.shifts;  // read, not used
    weights.run(rows);
    for (int32_t i = 0; i < kPairTile; ++i) sums[i] += static_cast<uint32_t>(rows->sums[i] / 2);
  }
  rows->tile = tile;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t scaled = MultiplyByQuantizedMultiplier(static_cast<int32_t>(sums[i]),
                                                         weights.layer.multipliers[channel],
                                                         weights.layer.shifts[channel]);
    const uint32_t shifted =
        static_cast<uint32_t>(scaled) + static_cast<uint32_t>(params.output_zero_point);
    output[i * weights.layer.out_channels] = static_cast<int8_t>(
        Clamp(static_cast<int32_t>(shifted), params.activation_min, params.activation_max));
  }
}

}  // namespace

bool PairRowIsFast(const SparseConvLayer& layer, const ConvParams& params, int32_t channel,
                   int64_t magnitude, int32_t bias) {
  const int32_t above = INT8_MAX - params.input_zero_point;
  const int32_t below = params.input_zero_point - INT8_MIN;
  const int64_t reach = magnitude * (above > below ? above : below);
  const int64_t start = bias < 0 ? -static_cast<int64_t>(bias) : bias;
  return reach < kPairFieldLimit && start + reach < (int64_t{1} << 30) &&
         FastRequantizer::Takes(layer.shifts[channel]) && params.activation_min == INT8_MIN &&
         params.activation_max == INT8_MAX;
}

void PairConv2dM7(const PairWeights& weights, const ConvDims& dims, const ConvParams& params,
                  bool fast, const int8_t* input, const int32_t* bias, int8_t* output,
                  uint32_t* tile) {
  const SparseConvLayer& layer = weights.layer;
  const int32_t positions = dims.out_h * dims.out_w;
  PairRows rows = {};
  rows.output_stride = dims.out_channels;
  rows.zero_point_factor = 2 * params.output_zero_point + 1;
  rows.row_quads = weights.row_quads;
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t first = 0; first < positions; first += kPairTile) {
      // The last tile goes back over positions that are done rather than be half empty.
      if (first + kPairTile > positions) first = positions > kPairTile ? positions - kPairTile : 0;
      FillPairTile(layer, dims, params, input, first, tile);
      rows.tile = tile;
      if (fast && positions >= kPairTile) {
        rows.stream = weights.stream;
        rows.row_offsets = weights.row_offsets;
        rows.rows = dims.out_channels;
        rows.bias = bias;
        rows.multipliers = layer.multipliers;
        rows.shifts = layer.shifts;
        rows.output = output + first * dims.out_channels;
        weights.run(&rows);
        continue;
      }
      rows.sums_only = 1;
      const int32_t count = positions < kPairTile ? positions : kPairTile;
      for (int32_t channel = 0; channel < dims.out_channels; ++channel) {
        RunRow(weights, params, &rows, channel, bias[channel], count,
               output + first * dims.out_channels + channel);
      }
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
    output += positions * dims.out_channels;
  }
}

}  // namespace kws
