#include "custom_ops/paper_study/study.h"

namespace kws::study {
namespace {

struct Positions {
  int32_t out_h, out_w;
  int32_t step_y, step_x;  // in the input
};

// One weight times the input that it meets at each output position. Not inlined: see dot.h.
template <typename T>
[[gnu::noinline]] void Spread(T weight, const T* inputs, const Positions& positions,
                              SumOf<T>* sums) {
  const int32_t out_w = positions.out_w, step_y = positions.step_y, step_x = positions.step_x;
  for (int32_t y = positions.out_h; y != 0; --y, inputs += step_y) {
    const T* input = inputs;
    for (int32_t x = out_w; x != 0; --x, ++sums, input += step_x) {
      *sums = MultiplyAdd(weight, *input, *sums);
    }
  }
}

// By value: see dense_loops.h.
template <typename T>
void WeightOuterLoops(ConvShape shape, ConvData<T> data, SumOf<T>* sums) {
  const int32_t row_length = RowLength(shape), input_row = InputRowLength(shape);
  Positions positions = {OutputHeight(shape), OutputWidth(shape), shape.stride_h * input_row,
                         shape.stride_w * shape.in_c};
  // One column: its outputs are walked as a row.
  if (positions.out_w == 1) positions = {1, positions.out_h, 0, positions.step_y};
  const int32_t outputs = positions.out_h * positions.out_w;
  const OutputStage stage = *data.stage;
  const T* weights = data.weights;
  for (int32_t c = 0; c < shape.out_c; ++c) {
    for (int32_t p = 0; p < outputs; ++p) sums[p] = data.bias[c];
    for (int32_t r = 0; r < shape.k_h; ++r) {
      const T* inputs = data.input + r * input_row;
      for (int32_t i = 0; i < row_length; ++i, ++inputs) {
        const T weight = *weights++;
        if (weight != 0) Spread(weight, inputs, positions, sums);
      }
    }
    for (int32_t p = 0; p < outputs; ++p) {
      data.output[p * shape.out_c + c] = Finish<T>(sums[p], c, stage);
    }
  }
}

}  // namespace

template <typename T>
void ConvWeightOuter(const ConvShape& shape, const ConvData<T>& data, SumOf<T>* sums) {
  // With one position a weight has one output: the order is that of the plain loops.
  if (OutputHeight(shape) * OutputWidth(shape) == 1) return ConvZeroSkip(shape, data);
  WeightOuterLoops(shape, data, sums);
}

template void ConvWeightOuter(const ConvShape&, const ConvData<float>&, float*);
template void ConvWeightOuter(const ConvShape&, const ConvData<int16_t>&, int32_t*);
template void ConvWeightOuter(const ConvShape&, const ConvData<int8_t>&, int32_t*);

}  // namespace kws::study
