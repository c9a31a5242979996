// The input is expanded to int16 once, zero point subtracted; the weights where they are used
// (fully_connected_units_m7.cc).
//
// Where the depth is no multiple of four, rows begin at different bytes of a word. Those that begin
// alike are taken together, so that their words can be loaded aligned; the few values before and
// behind the words are multiplied singly.
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/fully_connected.h"
#include "custom_ops/kernels/fully_connected_units.h"

namespace kws {
namespace {

struct Layer {
  const FullyConnectedDims& dims;
  const FullyConnectedParams& params;
  const int8_t* filter;
  const int32_t* bias;
  uint32_t* expanded;
  FastRequantizer fast;
  int32_t bias_limit;  // of biases that `fast` takes; 0: none

  bool IsFast(int32_t bias_value) const {
    return (bias_value < bias_limit) & (bias_value > -bias_limit);
  }
};

int32_t Wrapping(int32_t a, uint32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + b);
}

// Units first, first + step, ... `count` of them, whose words begin at value `begin`.
struct UnitClass {
  int32_t first, step, count;
  int32_t begin, quads;
};

// How many rows apart rows begin at the same byte of a word; 1 when there are few.
int32_t UnitStep(const FullyConnectedDims& dims) {
  if (dims.depth % 4 == 0) return 1;
  const int32_t step = dims.depth % 2 == 0 ? 2 : 4;
  return dims.units >= step * kUnits ? step : 1;
}

UnitClass ClassOf(const Layer& layer, int32_t first, int32_t step) {
  const FullyConnectedDims& dims = layer.dims;
  UnitClass units = {first, step, dims.units, 0, 0};
  if (step > 1) {
    units.count = (dims.units - first + step - 1) / step;
    const uintptr_t row = reinterpret_cast<uintptr_t>(layer.filter + first * dims.depth);
    units.begin = Clamp(static_cast<int32_t>(-row % 4), 0, dims.depth);
  }
  units.quads = (dims.depth - units.begin) / 4;
  // The loops read four bytes more, which are not there behind the only row.
  if (dims.units == 1 && units.quads > 0) --units.quads;
  return units;
}

void ExpandInput(const int8_t* input, int32_t quads, int32_t zero_point, uint32_t* words) {
  const uint32_t negated = PackHalves(-zero_point, -zero_point);
#pragma GCC unroll 2
  for (; quads > 0; --quads, input += 4, words += 2) {
    const uint32_t bytes = LoadWord(input);
    words[0] = AddEvenBytes(negated, bytes);
    words[1] = AddOddBytes(negated, bytes);
  }
}

// Sum over values [begin, end) of what `weights` multiplies; of the input alone without them.
[[gnu::noinline]] uint32_t SumValues(const int8_t* input, const int8_t* weights, int32_t begin,
                                     int32_t end, int32_t zero_point) {
  uint32_t sum = 0;
  for (int32_t k = begin; k < end; ++k) {
    sum += static_cast<uint32_t>((input[k] - zero_point) * (weights == nullptr ? 1 : weights[k]));
  }
  return sum;
}

// `count` (2 or 4) units, `step` apart; the same one again and again when `step` is 0.
[[gnu::noinline]] void RunUnits(const Layer& layer, const UnitClass& units, int32_t unit,
                                int32_t step, int32_t count, uint32_t correction,
                                const int8_t* input, int8_t* output) {
  const int32_t depth = layer.dims.depth;
  const FullyConnectedParams& params = layer.params;
  const int8_t* const rows = layer.filter + unit * depth;
  UnitRun run;
  run.input = layer.expanded;
  run.input_end = layer.expanded + 2 * units.quads;
  run.rows = rows + units.begin;
  run.row_step = step * depth;
  const int32_t wrap = count - 1;  // two units are done twice
  bool fast = true;
  for (int32_t u = 0; u < kUnits; ++u) {
    const int32_t bias = layer.bias == nullptr ? 0 : layer.bias[unit + (u & wrap) * step];
    fast &= layer.IsFast(bias);
    run.sums[u] = Wrapping(bias, -correction);
  }
  if (units.quads > 0) (count == kUnits ? MultiplyFourUnits : MultiplyTwoUnits)(&run);
  const int32_t behind = units.begin + 4 * units.quads;
  if (units.begin > 0 || behind < depth) {
#pragma GCC unroll 1
    for (int32_t u = 0; u < kUnits; ++u) {
      const int8_t* const weights = rows + (u & wrap) * run.row_step;
      uint32_t more = SumValues(input, weights, 0, units.begin, params.input_zero_point);
      more += SumValues(input, weights, behind, depth, params.input_zero_point);
      run.sums[u] = Wrapping(run.sums[u], more);
    }
  }
  output += unit;
  if (fast) {
    for (int32_t u = 0; u < kUnits; ++u) {
      output[(u & wrap) * step] = static_cast<int8_t>(layer.fast(run.sums[u]));
    }
    return;
  }
  const int32_t key = params.shift * (int32_t{1} << ChannelScales::kKeyBits);
  const ChannelRequantizer<false> requantize({&params.multiplier, &key, 0, 0, false}, 0);
#pragma GCC unroll 1
  for (int32_t u = 0; u < kUnits; ++u) {
    output[(u & wrap) * step] = requantize(run.sums[u], params.output);
  }
}

}  // namespace

size_t FullyConnectedM7ScratchBytes(const FullyConnectedDims& dims) {
  return (static_cast<size_t>(dims.depth) / 4 + 1) * 2 * sizeof(uint32_t);
}

void FullyConnectedM7(const FullyConnectedDims& dims, const FullyConnectedParams& params,
                      const int8_t* input, const int8_t* filter, const int32_t* bias,
                      int8_t* output, void* scratch) {
  Layer layer = {dims, params, filter, bias, static_cast<uint32_t*>(scratch), {}, 0};
  if (params.output.full() && params.filter_zero_point == 0 &&
      FastRequantizer::Takes(params.shift)) {
    layer.fast = {params.multiplier, -params.shift, params.output.zero_point};
    layer.bias_limit = FastBiasLimit(dims.depth);
  }
  const int32_t step = UnitStep(dims);
  for (int32_t n = 0; n < dims.batches; ++n, input += dims.depth, output += dims.units) {
    uint32_t correction = 0;
    if (params.filter_zero_point != 0) {
      const uint32_t sum = SumValues(input, nullptr, 0, dims.depth, params.input_zero_point);
      correction = sum * static_cast<uint32_t>(params.filter_zero_point);
    }
    for (int32_t first = 0; first < step; ++first) {
      const UnitClass units = ClassOf(layer, first, step);
      ExpandInput(input + units.begin, units.quads, params.input_zero_point, layer.expanded);
      for (int32_t i = 0; i < units.count;) {
        // The last ones may be taken again with those before them.
        const int32_t count = units.count - i > 2 && units.count >= kUnits ? kUnits : 2;
        const int32_t last = units.count - count;
        const int32_t unit = first + (i < last ? i : (last < 0 ? 0 : last)) * step;
        RunUnits(layer, units, unit, units.count == 1 ? 0 : step, count, correction, input, output);
        i += count;
      }
    }
  }
}

}  // namespace kws
