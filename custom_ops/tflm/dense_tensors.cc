#include "custom_ops/tflm/dense_tensors.h"

#include "tensorflow/lite/kernels/kernel_util.h"

namespace kws {
namespace {

constexpr int kMaxSide = 1 << 15;
constexpr int64_t kMaxElements = int64_t{1} << 28;
constexpr int kMaxStep = 4096;  // stride and dilation

bool IsStep(int32_t value) { return value >= 1 && value <= kMaxStep; }

#if KWS_TFLM_API != 2020
// Behind the last byte of what TFLM lent for `tensor`: the tensor, then its quantisation.
uintptr_t LoanEnd(const PrepareTensor& tensor) {
  if (tensor == nullptr) return 0;
  const uintptr_t end = reinterpret_cast<uintptr_t>(tensor.operator->() + 1);
  if (tensor->quantization.type != kTfLiteAffineQuantization) return end;
  const TfLiteIntArray* last =
      static_cast<const TfLiteAffineQuantization*>(tensor->quantization.params)->zero_point;
  return reinterpret_cast<uintptr_t>(last->data + last->size);
}
#endif

}  // namespace

TfLiteStatus RefuseNode(TfLiteContext* context, const char* op_name, const char* reason) {
  TF_LITE_KERNEL_LOG(context, "%s: %s", op_name, reason);
  return kTfLiteError;
}

void* AllocateBeside(TfLiteContext* context, const DenseTensors& tensors, size_t bytes) {
  void* memory = AllocatePersistent(context, bytes);
#if KWS_TFLM_API != 2020
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory);
  for (const PrepareTensor* tensor :
       {&tensors.input, &tensors.filter, &tensors.bias, &tensors.output}) {
    if (memory == nullptr || begin >= LoanEnd(*tensor)) continue;
    const unsigned missing = static_cast<unsigned>(LoanEnd(*tensor) - begin);
    const unsigned requested = static_cast<unsigned>(bytes);
    MicroPrintf("Failed to allocate tail memory. Requested: %u, available %u, missing: %u",
                requested, requested > missing ? requested - missing : 0u, missing);
    return nullptr;
  }
#else
  (void)tensors;
#endif
  return memory;
}

bool IsQuantizedInt8(const TfLiteTensor* tensor, int rank) {
  if (tensor->type != kTfLiteInt8 || tensor->dims == nullptr || tensor->dims->size != rank) {
    return false;
  }
  int64_t elements = 1;
  for (int i = 0; i < rank; ++i) {
    const int side = tensor->dims->data[i];
    if (side < 1 || (rank == 4 && side > kMaxSide)) return false;
    elements *= side;
    if (elements > kMaxElements) return false;
  }
  return tensor->quantization.type == kTfLiteAffineQuantization &&
         tensor->params.zero_point >= INT8_MIN && tensor->params.zero_point <= INT8_MAX;
}

bool IsBiasOf(const TfLiteTensor* bias, int32_t out_channels) {
  if (bias == nullptr) return true;
  return bias->type == kTfLiteInt32 &&
         bias->bytes == static_cast<size_t>(out_channels) * sizeof(int32_t);
}

const int32_t* ConstantBias(const TfLiteTensor* bias) {
  if (bias == nullptr || bias->allocation_type != kTfLiteMmapRo) return nullptr;
  return static_cast<const int32_t*>(bias->data.data);
}

TfLiteStatus ReadDenseTensors(TfLiteContext* context, const TfLiteNode* node, const char* op_name,
                              DenseTensors* tensors) {
  if (node->user_data == nullptr || node->builtin_data == nullptr) {
    return RefuseNode(context, op_name, "options are absent or the arena is too small");
  }
  if (node->inputs->size < 2 || node->inputs->size > 3 || node->outputs->size != 1) {
    return RefuseNode(context, op_name, "needs 2 or 3 inputs and 1 output");
  }
  tensors->input = TensorAt(context, node->inputs, 0);
  tensors->filter = TensorAt(context, node->inputs, 1);
  tensors->bias = TensorAt(context, node->inputs, 2);
  tensors->output = TensorAt(context, node->outputs, 0);
  if (tensors->input == nullptr || tensors->filter == nullptr || tensors->output == nullptr) {
    return RefuseNode(context, op_name, "an input or output tensor is missing");
  }
  for (const PrepareTensor* tensor : {&tensors->input, &tensors->filter, &tensors->output}) {
    if ((*tensor)->dims == nullptr || !IsQuantizedInt8(*tensor, (*tensor)->dims->size)) {
      return RefuseNode(context, op_name, "input, filter and output must be quantised int8");
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ReadWindow(TfLiteContext* context, const char* op_name, const TfLiteTensor* input,
                        TfLiteTensor* output, const WindowOptions& options, ConvDims* dims,
                        ConvParams* params) {
  if (!IsQuantizedInt8(input, 4) || !IsQuantizedInt8(output, 4)) {
    return RefuseNode(context, op_name, "input and output must be quantised int8 of 4 dimensions");
  }
  const bool same = options.padding == kTfLitePaddingSame;
  if ((!same && options.padding != kTfLitePaddingValid) || !IsStep(options.stride_h) ||
      !IsStep(options.stride_w) || !IsStep(options.dilation_h) || !IsStep(options.dilation_w) ||
      options.filter.h < 1 || options.filter.h > kMaxSide || options.filter.w < 1 ||
      options.filter.w > kMaxSide) {
    return RefuseNode(context, op_name, "filter, stride, dilation or padding out of range");
  }
  const int* in = input->dims->data;
  const int* out = output->dims->data;
  *dims = {in[0], in[1], in[2], in[3], out[1], out[2], out[3]};
  const FilterDims& filter = options.filter;
  const int32_t out_h =
      ConvOutputSize(same, dims->in_h, filter.h, options.stride_h, options.dilation_h);
  const int32_t out_w =
      ConvOutputSize(same, dims->in_w, filter.w, options.stride_w, options.dilation_w);
  if (out[0] != dims->batches || out_h != dims->out_h || out_w != dims->out_w) {
    return RefuseNode(context, op_name, "output shape does not follow from the input");
  }
  *params = {};
  params->stride_h = options.stride_h;
  params->stride_w = options.stride_w;
  params->dilation_h = options.dilation_h;
  params->dilation_w = options.dilation_w;
  params->pad_top =
      ConvPadBefore(dims->in_h, out_h, filter.h, options.stride_h, options.dilation_h);
  params->pad_left =
      ConvPadBefore(dims->in_w, out_w, filter.w, options.stride_w, options.dilation_w);
  params->input_zero_point = input->params.zero_point;
  params->output_zero_point = output->params.zero_point;
  return tflite::CalculateActivationRangeQuantized(
      context, options.activation, output, &params->activation_min, &params->activation_max);
}

}  // namespace kws
