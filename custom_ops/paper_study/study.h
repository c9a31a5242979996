// The kernels that arXiv 2208.02765 compares, on an equal footing: one loop nest, one inner product
// and one output stage for all, so that only the method differs. For measuring, not for firmware:
// the operators that TFLM runs are in ../kernels.
//
// One layer: a convolution without padding. Activations are [height][width][channels], weights
// [output channel][row][column][channel], so that one kernel row is `RowLength` consecutive weights
// that meet as many consecutive inputs. A fully connected layer is a convolution whose kernel
// covers its input.
//
// T is float, int16_t or int8_t; number formats and output stage: element.h. Every kernel gives
// what ConvDense<T> gives for the same weights with their zeros in place: the same bits for
// integers; for float the same value, because each sums in the same order with fused multiply-add
// (a zero may have the other sign).
#ifndef CUSTOM_OPS_PAPER_STUDY_STUDY_H_
#define CUSTOM_OPS_PAPER_STUDY_STUDY_H_

#include <cstdint>

#include "custom_ops/paper_study/element.h"

namespace kws::study {

// All positive; k_h <= in_h, k_w <= in_w, in_h * in_w * in_c <= 65536.
struct ConvShape {
  int32_t in_h, in_w, in_c;
  int32_t out_c;
  int32_t k_h, k_w;
  int32_t stride_h, stride_w;
};

constexpr int32_t OutputHeight(const ConvShape& s) { return (s.in_h - s.k_h) / s.stride_h + 1; }
constexpr int32_t OutputWidth(const ConvShape& s) { return (s.in_w - s.k_w) / s.stride_w + 1; }
constexpr int32_t RowLength(const ConvShape& s) { return s.k_w * s.in_c; }
constexpr int32_t InputRowLength(const ConvShape& s) { return s.in_w * s.in_c; }
constexpr int32_t KernelLength(const ConvShape& s) { return s.k_h * RowLength(s); }

// Offset of the first input that the kernel meets at an output position.
constexpr int32_t WindowOffset(const ConvShape& s, int32_t out_y, int32_t out_x) {
  return (out_y * s.stride_h * s.in_w + out_x * s.stride_w) * s.in_c;
}

template <typename T>
struct ConvData {
  const T* input;        // [in_h][in_w][in_c]
  const T* weights;      // [out_c][k_h][k_w][in_c] unless the kernel says otherwise
  const SumOf<T>* bias;  // [out_c]
  const OutputStage* stage;
  T* output;  // [OutputHeight][OutputWidth][out_c]
};

// Every weight, one after the other. Pruned output channels: the same with fewer channels.
template <typename T>
void ConvDense(const ConvShape& shape, const ConvData<T>& data);

// Two products an instruction (SMLAD). int16_t and int8_t.
template <typename T>
void ConvDenseSimd(const ConvShape& shape, const ConvData<T>& data);

// `if` on each weight.
template <typename T>
void ConvZeroSkip(const ConvShape& shape, const ConvData<T>& data);

// The weight outermost: loaded once, tested once, applied to all output positions. sums: one for
// each output position.
template <typename T>
void ConvWeightOuter(const ConvShape& shape, const ConvData<T>& data, SumOf<T>* sums);

// Pruned kernel rows. row_masks: [out_c], bit r set when row r is kept; k_h <= 16. weights: the
// kept rows, one after the other.
template <typename T>
void ConvRowMask(const ConvShape& shape, const ConvData<T>& data, const uint16_t* row_masks);

// The same, two products an instruction. int16_t and int8_t.
template <typename T>
void ConvRowMaskSimd(const ConvShape& shape, const ConvData<T>& data, const uint16_t* row_masks);

// Compressed rows (CSR). weights: those that are not zero; offsets: of each, the input that it
// meets, counted from the first one of the window; channel_end: [out_c], past the channel's last
// weight.
template <typename T>
void ConvIndexList(const ConvShape& shape, const ConvData<T>& data, const uint16_t* offsets,
                   const uint32_t* channel_end);

}  // namespace kws::study

#endif  // CUSTOM_OPS_PAPER_STUDY_STUDY_H_
