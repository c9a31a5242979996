#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_fully_connected.h"

namespace kws {
namespace {

// Calls visit(column, weight) for the stored weights of `unit`.
template <typename Visitor>
void ForEachWeight(const BlockSparseConv& w, int32_t unit, Visitor visit) {
  const int32_t block_row = unit / w.block_out;
  for (uint32_t block = w.row_offsets[block_row]; block < w.row_offsets[block_row + 1]; ++block) {
    const int8_t* values = w.values + (block * w.block_out + unit % w.block_out) * w.block_in;
    const int32_t column = static_cast<int32_t>(w.index(block)) * w.block_in;
    for (int32_t i = 0; i < w.block_in; ++i) visit(column + i, values[i]);
  }
}

template <typename Visitor>
void ForEachWeight(const IndexListConv& w, int32_t unit, Visitor visit) {
  int32_t column = 0;
  for (uint32_t i = w.row_offsets[unit]; i < w.row_offsets[unit + 1]; ++i) {
    column += w.entries[i].delta;
    visit(column, w.entries[i].value);
  }
}

template <typename Weights>
bool IsNarrow(const Weights& w, const int32_t* bias) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  constexpr int64_t kMaxActivation = 255;  // |int8 - zero point|
  if (w.activation_min != INT8_MIN || w.activation_max != INT8_MAX) return false;
  for (int32_t unit = 0; unit < w.out_channels; ++unit) {
    int64_t bound = bias[unit] < 0 ? -static_cast<int64_t>(bias[unit]) : bias[unit];
    ForEachWeight(w, unit, [&bound](int32_t, int32_t weight) {
      bound += kMaxActivation * (weight < 0 ? -weight : weight);
    });
    if (bound >= kLimit || !FastRequantizer::Takes(w.shifts[unit])) return false;
  }
  return true;
}

template <typename Weights>
FullyConnectedScale Scale(const Weights& w, const int32_t* bias, int32_t output_zero_point) {
  FullyConnectedScale scale = {};
  if (!IsNarrow(w, bias)) return scale;
  scale.kind = FullyConnectedScale::Kind::kOne;
  scale.one = FastRequantizer(w.multipliers[0], -w.shifts[0], output_zero_point);
  for (int32_t unit = 1; unit < w.out_channels; ++unit) {
    if (w.multipliers[unit] != w.multipliers[0] || w.shifts[unit] != w.shifts[0]) {
      scale.kind = FullyConnectedScale::Kind::kNarrow;
    }
  }
  return scale;
}

template <typename Weights>
void Reference(const Weights& w, const SparseFullyConnectedParams& params, const int8_t* input,
               const int32_t* bias, int8_t* output) {
  for (int32_t n = 0; n < params.batches; ++n, input += w.in_channels) {
    for (int32_t unit = 0; unit < w.out_channels; ++unit) {
      uint32_t sum = static_cast<uint32_t>(bias[unit]);  // an overflow wraps, as it does in SMLAD
      ForEachWeight(w, unit, [&](int32_t column, int32_t weight) {
        if (column >= w.in_channels) return;  // padded columns hold zeros
        sum += static_cast<uint32_t>(weight * (input[column] - params.input_zero_point));
      });
      const int32_t scaled = MultiplyByQuantizedMultiplier(static_cast<int32_t>(sum),
                                                           w.multipliers[unit], w.shifts[unit]);
      const uint32_t shifted =
          static_cast<uint32_t>(scaled) + static_cast<uint32_t>(params.output_zero_point);
      *output++ = static_cast<int8_t>(
          Clamp(static_cast<int32_t>(shifted), w.activation_min, w.activation_max));
    }
  }
}

}  // namespace

bool IsSparseFullyConnected(const SparseConvLayer& layer) {
  return layer.kernel_h == 1 && layer.kernel_w == 1 && layer.stride_h == 1 && layer.stride_w == 1 &&
         layer.dilation_h == 1 && layer.dilation_w == 1;
}

FullyConnectedScale SparseFullyConnectedScale(const BlockSparseConv& w, const int32_t* bias,
                                              int32_t output_zero_point) {
  return Scale(w, bias, output_zero_point);
}

FullyConnectedScale SparseFullyConnectedScale(const IndexListConv& w, const int32_t* bias,
                                              int32_t output_zero_point) {
  return Scale(w, bias, output_zero_point);
}

void SparseFullyConnectedReference(const BlockSparseConv& w,
                                   const SparseFullyConnectedParams& params, const int8_t* input,
                                   const int32_t* bias, int8_t* output) {
  Reference(w, params, input, bias, output);
}

void SparseFullyConnectedReference(const IndexListConv& w, const SparseFullyConnectedParams& params,
                                   const int8_t* input, const int32_t* bias, int8_t* output) {
  Reference(w, params, input, bias, output);
}

}  // namespace kws
