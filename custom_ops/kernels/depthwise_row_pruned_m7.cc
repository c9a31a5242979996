#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/depthwise_row_pruned_planes.h"
#include "custom_ops/kernels/depthwise_rows.h"

namespace kws {
namespace {

// Copies the filter of 3x3 channel `c` with its zero rows in place; returns its end in the buffer.
const int8_t* UnpackFilter(const RowPrunedDepthwise& w, int32_t c, const int8_t* rows,
                           int8_t (&filter)[kPlaneTaps * kPlaneTaps]) {
  const uint32_t stored = w.masks[c];
#pragma GCC unroll 3
  for (int32_t y = 0; y < kPlaneTaps; ++y) {
    int8_t* const row = filter + y * kPlaneTaps;
    row[0] = row[1] = row[2] = 0;
    if ((stored >> y & 1) == 0) continue;
    row[0] = rows[0], row[1] = rows[1], row[2] = rows[2];
    rows += kPlaneTaps;
  }
  return rows;
}

int32_t StoredRows(const RowPrunedDepthwise& w, int32_t c) {
  int32_t rows = 0;
  for (int32_t y = 0; y < w.kernel_h; ++y) rows += w.has_row(c, y) ? 1 : 0;
  return rows;
}

// All channels by fours; the last four once more where a quad does not end with them.
void RunQuads(const RowPrunedDepthwise& w, const ConvDims& dims, const ConvParams& params,
              bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
              uint32_t* scratch) {
  const PlaneWeaver weaver(dims, params);
  const int8_t* rows = w.values;
  ClearPlanes(dims.out_w, scratch);
  PlaneQuad quad;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad) {
    for (; dims.out_channels - c < kPlaneQuad; --c) rows -= StoredRows(w, c - 1) * w.kernel_w;
    rows = PackRowPrunedQuad(w, rows, bias, params.output_zero_point, dims.out_w, narrow, c, &quad);
    RunPlaneQuad(quad, weaver, dims, params, input + c, output + c, scratch);
  }
}

// One filter row of four channels: a word of four taps each.
inline uint32_t* Interleave(const int8_t* const (&rows)[kPlaneQuad], int32_t width,
                            uint32_t* words) {
  const int8_t *first = rows[0], *second = rows[1], *third = rows[2], *fourth = rows[3];
  for (uint32_t* const end = words + width; words != end; ++words) {
    const uint32_t even = static_cast<uint8_t>(*first++);
    const uint32_t odd = static_cast<uint8_t>(*second++);
    const uint32_t high = static_cast<uint8_t>(*third++);
    *words = even | odd << 8 | high << 16 | static_cast<uint32_t>(*fourth++) << 24;
  }
  return words;
}

// The filters of channels [c, c + 4). Returns where the next channel's begin.
const int8_t* InterleaveFilters(const RowPrunedDepthwise& w, int32_t c, const int8_t* rows,
                                uint32_t* words) {
  static constexpr int8_t kZeros[kMaxRowTaps] = {};
  const int32_t height = w.kernel_h, width = w.kernel_w;
  const int8_t* row[kPlaneQuad];
  if (height == 1) {
    const uint8_t* const stored = w.masks + c;
#pragma GCC unroll 4
    for (int32_t i = 0; i < kPlaneQuad; ++i) {
      row[i] = stored[i] != 0 ? rows : kZeros;
      rows += stored[i] != 0 ? width : 0;
    }
    Interleave(row, width, words);
    return rows;
  }
  const int8_t* next[kPlaneQuad];  // row of each channel that is stored
  for (int32_t i = 0; i < kPlaneQuad; ++i) {
    next[i] = rows;
    for (int32_t y = 0; y < height; ++y) rows += w.has_row(c + i, y) ? width : 0;
  }
  for (int32_t y = 0; y < height; ++y) {
    for (int32_t i = 0; i < kPlaneQuad; ++i) {
      const bool stored = w.has_row(c + i, y);
      row[i] = stored ? next[i] : kZeros;
      next[i] += stored ? width : 0;
    }
    words = Interleave(row, width, words);
  }
  return rows;
}

// Bias and requantisation of channels [c, c + 4).
void PackQuad(const RowPrunedDepthwise& w, const int32_t* bias, int32_t zero_point, bool narrow,
              int32_t c, RowQuad* quad) {
  const int32_t* const multipliers = w.multipliers + c;
  const int8_t* const shifts = w.shifts + c;
  bias += c;
  if (narrow) {
#pragma GCC unroll 4
    for (int32_t i = 0; i < kPlaneQuad; ++i) {
      quad->Set(i, bias[i], multipliers[i], shifts[i], zero_point, true);
    }
  } else {
    for (int32_t i = 0; i < kPlaneQuad; ++i) {
      quad->Set(i, bias[i], multipliers[i], shifts[i], zero_point, false);
    }
  }
}

// All channels by `layer`; the last four once more where a quad does not end with them.
void RunByRows(const RowPrunedDepthwise& w, const ConvParams& params, bool narrow, RowLayer* layer,
               const int8_t* input, const int32_t* bias, int8_t* output) {
  const int8_t* rows = w.values;
  const int32_t taps_of_quad = w.kernel_h * w.kernel_w;
  uint32_t taps[kRowQuads * kMaxRowTaps];
  for (int32_t c = 0; c < w.out_channels;) {
    for (; w.out_channels - c < kPlaneQuad; --c) rows -= StoredRows(w, c - 1) * w.kernel_w;
    const int32_t left = (w.out_channels - c) / kPlaneQuad;
    const int32_t count = left < layer->quads() ? left : layer->quads();
    for (int32_t i = 0; i < count; ++i) {
      const int32_t first = c + i * kPlaneQuad;
      PackQuad(w, bias, params.output_zero_point, narrow, first, layer->quad(i));
      rows = InterleaveFilters(w, first, rows, taps + i * taps_of_quad);
    }
    layer->Run(count, reinterpret_cast<const int8_t*>(taps), kPlaneQuad, w.kernel_w * kPlaneQuad,
               taps_of_quad * kPlaneQuad, input + c, output + c);
    c += count * kPlaneQuad;
  }
}

// One output of channel c whose stored rows begin at `rows`: the products that meet the input.
// `input` is tap (0, 0), which may lie outside.
int32_t Accumulate(const RowPrunedDepthwise& w, const ConvDims& dims, const ConvParams& params,
                   const int8_t* input, const int8_t* rows, int32_t c, int32_t y, int32_t x) {
  const int32_t step = params.dilation_w * dims.in_channels;
  const int32_t row_step = params.dilation_h * dims.in_w * dims.in_channels;
  int32_t begin = 0;
  while (x + begin * params.dilation_w < 0) ++begin;
  int32_t end = w.kernel_w;
  while (end > begin && x + (end - 1) * params.dilation_w >= dims.in_w) --end;
  uint32_t sum = 0;  // unsigned: an overflow wraps
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    if (!w.has_row(c, ky)) continue;
    const int32_t in_y = y + ky * params.dilation_h;
    if (in_y >= 0 && in_y < dims.in_h) {
      const int8_t* const in = input + ky * row_step;
      for (int32_t kx = begin; kx < end; ++kx) {
        sum += static_cast<uint32_t>((in[kx * step] - params.input_zero_point) * rows[kx]);
      }
    }
    rows += w.kernel_w;
  }
  return static_cast<int32_t>(sum);
}

// One channel at a time.
void RunSingly(const RowPrunedDepthwise& w, const ConvDims& dims, const ConvParams& params,
               const int8_t* input, const int32_t* bias, int8_t* output) {
  const int8_t* rows = w.values;
  const int32_t row = dims.in_w * dims.in_channels;
  for (int32_t c = 0; c < dims.out_channels; ++c) {
    const int8_t* const source = input + c / w.multiplier();
    int8_t* out = output + c;
    for (int32_t n = 0; n < dims.batches; ++n) {
      for (int32_t y = 0; y < dims.out_h; ++y) {
        for (int32_t x = 0; x < dims.out_w; ++x, out += dims.out_channels) {
          const int32_t in_y = y * params.stride_h - params.pad_top;
          const int32_t in_x = x * params.stride_w - params.pad_left;
          const int8_t* const origin =
              source + (n * dims.in_h + in_y) * row + in_x * dims.in_channels;
          const uint32_t sum =
              static_cast<uint32_t>(Accumulate(w, dims, params, origin, rows, c, in_y, in_x));
          const int32_t biased = static_cast<int32_t>(sum + static_cast<uint32_t>(bias[c]));
          const int32_t scaled =
              MultiplyByQuantizedMultiplier(biased, w.multipliers[c], w.shifts[c]);
          const int32_t shifted = static_cast<int32_t>(
              static_cast<uint32_t>(scaled) + static_cast<uint32_t>(params.output_zero_point));
          *out = static_cast<int8_t>(Clamp(shifted, params.activation_min, params.activation_max));
        }
      }
    }
    rows += StoredRows(w, c) * w.kernel_w;
  }
}

}  // namespace

bool RowPrunedUsesPlanes(const RowPrunedDepthwise& w) {
  return w.kernel_h == kPlaneTaps && w.kernel_w == kPlaneTaps && w.stride_h == 1 &&
         w.stride_w == 1 && w.dilation_h == 1 && w.dilation_w == 1 && w.multiplier() == 1 &&
         w.out_channels >= kPlaneQuad;
}

const int8_t* PackRowPrunedQuad(const RowPrunedDepthwise& w, const int8_t* rows,
                                const int32_t* bias, int32_t output_zero_point, int32_t out_w,
                                bool narrow, int32_t channel, PlaneQuad* quad) {
  quad->narrow = narrow;
  for (int32_t i = 0; i < kPlaneQuad; ++i, ++channel) {
    int8_t filter[kPlaneTaps * kPlaneTaps];
    rows = UnpackFilter(w, channel, rows, filter);
    const PlaneScale scale = {w.multipliers[channel], w.shifts[channel], output_zero_point};
    PackPlaneChannel(filter, kPlaneTaps, 1, bias[channel], scale, out_w, i, quad);
  }
  return rows;
}

size_t RowPrunedDepthwiseM7ScratchBytes(const RowPrunedDepthwise& weights, const ConvDims& dims,
                                        const ConvParams& params) {
  int32_t words = 0;
  if (RowPrunedUsesPlanes(weights)) {
    words = PlaneScratchWords(dims.out_w);
  } else if (kHasRows) {
    const RowLayer layer(dims, params, weights.kernel_h, weights.kernel_w, false, nullptr);
    words = layer.ScratchWords();
  }
  return static_cast<size_t>(words) * sizeof(uint32_t);
}

void RowPrunedDepthwiseM7(const RowPrunedDepthwise& weights, const ConvDims& dims,
                          const ConvParams& params, bool narrow, const int8_t* input,
                          const int32_t* bias, int8_t* output, void* scratch) {
  uint32_t* const words = static_cast<uint32_t*>(scratch);
  if (RowPrunedUsesPlanes(weights)) {
    RunQuads(weights, dims, params, narrow, input, bias, output, words);
    return;
  }
  if (kHasRows) {
    RowLayer layer(dims, params, weights.kernel_h, weights.kernel_w, narrow, words);
    if (layer.taken()) {
      RunByRows(weights, params, narrow, &layer, input, bias, output);
      return;
    }
  }
  RunSingly(weights, dims, params, input, bias, output);
}

}  // namespace kws
