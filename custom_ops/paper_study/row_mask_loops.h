// The loops of the row-mask methods, around an inner product of dot.h.
#ifndef CUSTOM_OPS_PAPER_STUDY_ROW_MASK_LOOPS_H_
#define CUSTOM_OPS_PAPER_STUDY_ROW_MASK_LOOPS_H_

#include "custom_ops/paper_study/dot.h"
#include "custom_ops/paper_study/study.h"

namespace kws::study {

// By value: see dense_loops.h.
template <typename Product, typename T>
void RowMaskLoops(ConvShape shape, ConvData<T> data, const uint16_t* row_masks) {
  const int32_t out_h = OutputHeight(shape), out_w = OutputWidth(shape);
  const int32_t row_length = RowLength(shape), input_row = InputRowLength(shape);
  const OutputStage stage = *data.stage;
  const T* kernel = data.weights;
  for (int32_t c = 0; c < shape.out_c; ++c) {
    const T* kernel_end = kernel;
    T* output = data.output + c;
    for (int32_t y = 0; y < out_h; ++y) {
      for (int32_t x = 0; x < out_w; ++x, output += shape.out_c) {
        const T* row = kernel;
        const T* inputs = data.input + WindowOffset(shape, y, x);
        SumOf<T> sum = data.bias[c];
        for (uint32_t mask = row_masks[c]; mask != 0; mask >>= 1, inputs += input_row) {
          if ((mask & 1u) == 0) continue;
          sum = Product::Row(row, inputs, row_length, sum);
          row += row_length;
        }
        *output = Finish<T>(sum, c, stage);
        kernel_end = row;
      }
    }
    kernel = kernel_end;
  }
}

}  // namespace kws::study

#endif  // CUSTOM_OPS_PAPER_STUDY_ROW_MASK_LOOPS_H_
