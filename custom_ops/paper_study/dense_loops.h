// The loops of the dense methods, around an inner product of dot.h.
#ifndef CUSTOM_OPS_PAPER_STUDY_DENSE_LOOPS_H_
#define CUSTOM_OPS_PAPER_STUDY_DENSE_LOOPS_H_

#include "custom_ops/paper_study/dot.h"
#include "custom_ops/paper_study/study.h"

namespace kws::study {

// By value: bytes that are stored could otherwise be the shape's, and it would be loaded again and
// again.
template <typename Product, typename T>
void DenseLoops(ConvShape shape, ConvData<T> data) {
  const int32_t out_h = OutputHeight(shape), out_w = OutputWidth(shape);
  const int32_t input_row = InputRowLength(shape);
  // Rows that follow one another in the input, too, are one long row.
  const bool one_row = RowLength(shape) == input_row;
  const int32_t rows = one_row ? 1 : shape.k_h;
  const int32_t row_length = one_row ? KernelLength(shape) : RowLength(shape);
  const OutputStage stage = *data.stage;
  for (int32_t c = 0; c < shape.out_c; ++c) {
    const T* kernel = data.weights + c * KernelLength(shape);
    T* output = data.output + c;
    for (int32_t y = 0; y < out_h; ++y) {
      for (int32_t x = 0; x < out_w; ++x, output += shape.out_c) {
        const T* window = data.input + WindowOffset(shape, y, x);
        SumOf<T> sum = data.bias[c];
        for (int32_t r = 0; r < rows; ++r) {
          sum = Product::Row(kernel + r * row_length, window + r * input_row, row_length, sum);
        }
        *output = Finish<T>(sum, c, stage);
      }
    }
  }
}

}  // namespace kws::study

#endif  // CUSTOM_OPS_PAPER_STUDY_DENSE_LOOPS_H_
