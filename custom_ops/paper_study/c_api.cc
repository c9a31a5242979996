#include "custom_ops/paper_study/c_api.h"

#include "custom_ops/paper_study/study.h"

namespace {

using kws::study::ConvData;
using kws::study::ConvShape;
using kws::study::SumOf;

template <typename T>
int32_t RunScalar(const KwsStudyCall& call, const ConvShape& shape, const ConvData<T>& data) {
  switch (call.method) {
    case kKwsDense:
      kws::study::ConvDense(shape, data);
      return 0;
    case kKwsZeroSkip:
      kws::study::ConvZeroSkip(shape, data);
      return 0;
    case kKwsWeightOuter:
      kws::study::ConvWeightOuter(shape, data, static_cast<SumOf<T>*>(call.sums));
      return 0;
    case kKwsRowMask:
      kws::study::ConvRowMask(shape, data, call.row_masks);
      return 0;
    case kKwsIndexList:
      kws::study::ConvIndexList(shape, data, call.offsets, call.channel_end);
      return 0;
    default:
      return -1;
  }
}

template <typename T>
int32_t RunInteger(const KwsStudyCall& call, const ConvShape& shape, const ConvData<T>& data) {
  switch (call.method) {
    case kKwsDenseSimd:
      kws::study::ConvDenseSimd(shape, data);
      return 0;
    case kKwsRowMaskSimd:
      kws::study::ConvRowMaskSimd(shape, data, call.row_masks);
      return 0;
    default:
      return RunScalar(call, shape, data);
  }
}

template <typename T>
ConvData<T> Data(const KwsStudyCall& call, const kws::study::OutputStage& stage) {
  return {static_cast<const T*>(call.input), static_cast<const T*>(call.weights),
          static_cast<const SumOf<T>*>(call.bias), &stage, static_cast<T*>(call.output)};
}

}  // namespace

int32_t kws_study_run(const KwsStudyCall* call) {
  const ConvShape shape = {call->in_h, call->in_w, call->in_c,     call->out_c,
                           call->k_h,  call->k_w,  call->stride_h, call->stride_w};
  const kws::study::OutputStage stage = {call->multipliers, call->shifts, call->right_shift,
                                         call->zero_point, call->relu != 0};
  switch (call->element) {
    case kKwsFloat32:
      return RunScalar(*call, shape, Data<float>(*call, stage));
    case kKwsInt16:
      return RunInteger(*call, shape, Data<int16_t>(*call, stage));
    case kKwsInt8:
      return RunInteger(*call, shape, Data<int8_t>(*call, stage));
    default:
      return -1;
  }
}
