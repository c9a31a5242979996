#include "custom_ops/paper_study/study.h"

namespace kws::study {
namespace {

// Not inlined: see dot.h.
template <typename T>
[[gnu::noinline]] SumOf<T> ListedProducts(const T* weights, const uint16_t* offsets, uint32_t count,
                                          const T* window, SumOf<T> sum) {
  for (uint32_t i = 0; i < count; ++i) sum = MultiplyAdd(weights[i], window[offsets[i]], sum);
  return sum;
}

// By value: see dense_loops.h.
template <typename T>
void IndexListLoops(ConvShape shape, ConvData<T> data, const uint16_t* offsets,
                    const uint32_t* channel_end) {
  const int32_t out_h = OutputHeight(shape), out_w = OutputWidth(shape);
  const OutputStage stage = *data.stage;
  uint32_t begin = 0;
  for (int32_t c = 0; c < shape.out_c; ++c) {
    const uint32_t end = channel_end[c];
    T* output = data.output + c;
    for (int32_t y = 0; y < out_h; ++y) {
      for (int32_t x = 0; x < out_w; ++x, output += shape.out_c) {
        const T* window = data.input + WindowOffset(shape, y, x);
        const SumOf<T> sum = ListedProducts(data.weights + begin, offsets + begin, end - begin,
                                            window, SumOf<T>{data.bias[c]});
        *output = Finish<T>(sum, c, stage);
      }
    }
    begin = end;
  }
}

}  // namespace

template <typename T>
void ConvIndexList(const ConvShape& shape, const ConvData<T>& data, const uint16_t* offsets,
                   const uint32_t* channel_end) {
  IndexListLoops(shape, data, offsets, channel_end);
}

template void ConvIndexList(const ConvShape&, const ConvData<float>&, const uint16_t*,
                            const uint32_t*);
template void ConvIndexList(const ConvShape&, const ConvData<int16_t>&, const uint16_t*,
                            const uint32_t*);
template void ConvIndexList(const ConvShape&, const ConvData<int8_t>&, const uint16_t*,
                            const uint32_t*);

}  // namespace kws::study
