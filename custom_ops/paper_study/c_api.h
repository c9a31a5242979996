// Every kernel of the study behind one C struct: the same call from ctypes on the host, from a test
// on an emulated Cortex-M7, and from the bench image.
#ifndef CUSTOM_OPS_PAPER_STUDY_C_API_H_
#define CUSTOM_OPS_PAPER_STUDY_C_API_H_

#include <cstdint>

extern "C" {

enum KwsStudyElement : int32_t { kKwsFloat32 = 0, kKwsInt16 = 1, kKwsInt8 = 2 };

// 0 dense, 1 dense SIMD, 2 zero skip, 3 weight outer, 4 row mask, 5 row mask SIMD, 6 index list.
enum KwsStudyMethod : int32_t {
  kKwsDense,
  kKwsDenseSimd,
  kKwsZeroSkip,
  kKwsWeightOuter,
  kKwsRowMask,
  kKwsRowMaskSimd,
  kKwsIndexList,
};

// Tensors as in study.h. A pointer that the method does not use may be null.
struct KwsStudyCall {
  const void* input;
  const void* weights;
  const void* bias;
  const int32_t* multipliers;
  const int32_t* shifts;
  const uint16_t* row_masks;
  const uint16_t* offsets;
  const uint32_t* channel_end;
  void* sums;
  void* output;
  int32_t element, method;
  int32_t in_h, in_w, in_c, out_c, k_h, k_w, stride_h, stride_w;
  int32_t right_shift, zero_point, relu;
};

// 0 when done, -1 when there is no such kernel.
int32_t kws_study_run(const KwsStudyCall* call);
}

#endif  // CUSTOM_OPS_PAPER_STUDY_C_API_H_
