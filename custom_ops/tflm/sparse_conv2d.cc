#include "custom_ops/kernels/sparse_conv2d.h"

#include "custom_ops/kernels/index_list_conv2d.h"
#include "custom_ops/kernels/n_of_m_conv2d.h"
#include "custom_ops/kernels/sparse_geometry.h"
#include "custom_ops/tflm/register.h"

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif

// The encodings that this build takes, bit 1 << SparseEncoding each: firmware for one model needs
// no kernels of the others.
#ifndef KWS_SPARSE_ENCODINGS
#define KWS_SPARSE_ENCODINGS 0xE
#endif

namespace kws {
namespace {

constexpr bool Takes(SparseEncoding encoding) {
  return ((KWS_SPARSE_ENCODINGS) >> static_cast<int>(encoding) & 1) != 0;
}
static_assert(((KWS_SPARSE_ENCODINGS) & 0xE) != 0, "no encoding at all");

constexpr int kInput = 0;
constexpr int kWeights = 1;
constexpr int kBias = 2;
constexpr int kOutput = 0;

// Bounds that keep every index of the kernels in 32 bits.
constexpr int kMaxSide = 1 << 15;
constexpr int64_t kMaxElements = int64_t{1} << 28;

struct OpData {
  SparseEncoding encoding;
  union {
    BlockSparseConv blocks;
    IndexListConv index_list;
    NOfMConv n_of_m;
  };
  ConvDims dims;
  ConvParams params;
  bool fast;  // what the encoding's M7 kernel wants to know beforehand
  Scratch scratch;

  // visit(view) of the encoding that the buffer has.
  template <typename Visitor>
  auto Visit(Visitor visit) const {
    constexpr bool kBlocks = Takes(SparseEncoding::kBlock);
    constexpr bool kNOfMs = Takes(SparseEncoding::kNOfM);
    if (Takes(SparseEncoding::kIndexList) &&
        ((!kBlocks && !kNOfMs) || encoding == SparseEncoding::kIndexList)) {
      return visit(index_list);
    }
    if (kNOfMs && (!kBlocks || encoding == SparseEncoding::kNOfM)) return visit(n_of_m);
    return visit(blocks);
  }
  const SparseConvLayer& layer() const {
    return *Visit([](const SparseConvLayer& view) { return &view; });
  }
};

// The kernels of each encoding under one name.
constexpr auto Reference(const BlockSparseConv&) { return SparseConv2dReference; }
constexpr auto Reference(const IndexListConv&) { return IndexListConv2dReference; }
constexpr auto Reference(const NOfMConv&) { return NOfMConv2dReference; }
constexpr auto ScratchBytes(const BlockSparseConv&) { return SparseConv2dM7ScratchBytes; }
constexpr auto ScratchBytes(const IndexListConv&) { return IndexListConv2dM7ScratchBytes; }
constexpr auto ScratchBytes(const NOfMConv&) { return NOfMConv2dM7ScratchBytes; }
constexpr auto M7(const BlockSparseConv&) { return SparseConv2dM7; }
constexpr auto M7(const IndexListConv&) { return IndexListConv2dM7; }
constexpr auto M7(const NOfMConv&) { return NOfMConv2dM7; }
bool IsFast(const BlockSparseConv& w, const ConvParams&, const int32_t* bias) {
  return SparseConv2dIsNarrow(w, bias);
}
bool IsFast(const IndexListConv& w, const ConvParams& params, const int32_t* bias) {
  return IndexListConv2dIsFast(w, params, bias);
}
bool IsFast(const NOfMConv& w, const ConvParams& params, const int32_t* bias) {
  return NOfMConv2dIsFast(w, params, bias);
}

// Reports why the operator refuses its node. Every refusal has this one form.
TfLiteStatus Refuse(TfLiteContext* context, const char* reason) {
  TF_LITE_KERNEL_LOG(context, "%s: %s", kSparseConv2dName, reason);
  return kTfLiteError;
}

bool IsConstant(const TfLiteTensor* tensor) {
  return tensor->allocation_type == kTfLiteMmapRo && tensor->data.data != nullptr;
}

bool IsActivation(const TfLiteTensor* tensor) {
  if (tensor->type != kTfLiteInt8 || tensor->dims == nullptr || tensor->dims->size != 4) {
    return false;
  }
  int64_t elements = 1;
  for (int i = 0; i < 4; ++i) {
    const int side = tensor->dims->data[i];
    if (side < 1 || side > kMaxSide) return false;
    elements *= side;
    if (elements > kMaxElements) return false;
  }
  const bool quantized = tensor->quantization.type == kTfLiteAffineQuantization;
  return quantized && tensor->params.zero_point >= INT8_MIN &&
         tensor->params.zero_point <= INT8_MAX;
}

bool HasShape(const TfLiteTensor* tensor, const ConvDims& d) {
  const int* shape = tensor->dims->data;
  return shape[0] == d.batches && shape[1] == d.out_h && shape[2] == d.out_w &&
         shape[3] == d.out_channels;
}

bool IsBias(const TfLiteTensor* tensor, int32_t out_channels) {
  return tensor->type == kTfLiteInt32 && IsConstant(tensor) && tensor->dims != nullptr &&
         tensor->dims->size == 1 && tensor->dims->data[0] == out_channels;
}

FormatError ReadWeights(const TfLiteTensor* packed, OpData* op) {
  const uint8_t* const data = static_cast<const uint8_t*>(packed->data.data);
  const FormatError error = ReadSparseEncoding(data, packed->bytes, &op->encoding);
  if (error != FormatError::kOk) return error;
  if (Takes(SparseEncoding::kBlock) && op->encoding == SparseEncoding::kBlock) {
    return ReadBlockSparseConv(data, packed->bytes, &op->blocks);
  }
  if (Takes(SparseEncoding::kIndexList) && op->encoding == SparseEncoding::kIndexList) {
    return ReadIndexListConv(data, packed->bytes, &op->index_list);
  }
  if (Takes(SparseEncoding::kNOfM) && op->encoding == SparseEncoding::kNOfM) {
    return ReadNOfMConv(data, packed->bytes, &op->n_of_m);
  }
  return FormatError::kBadEncoding;
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

// Reads the packed weights of `node` and checks all tensors against them.
TfLiteStatus PrepareCommon(TfLiteContext* context, TfLiteNode* node) {
  OpData* op = static_cast<OpData*>(node->user_data);
  if (op == nullptr) return Refuse(context, "arena too small");
  if (node->inputs->size != 3 || node->outputs->size != 1) {
    return Refuse(context, "needs 3 inputs and 1 output");
  }
  const PrepareTensor input = TensorAt(context, node->inputs, kInput);
  const PrepareTensor packed = TensorAt(context, node->inputs, kWeights);
  const PrepareTensor bias = TensorAt(context, node->inputs, kBias);
  const PrepareTensor output = TensorAt(context, node->outputs, kOutput);
  if (input == nullptr || packed == nullptr || bias == nullptr || output == nullptr) {
    return Refuse(context, "an input or output tensor is missing");
  }
  if (!IsActivation(input) || !IsActivation(output)) {
    return Refuse(context, "input and output must be quantised int8 tensors of 4 dimensions");
  }
  const bool bytes = packed->type == kTfLiteInt8 || packed->type == kTfLiteUInt8;
  if (!bytes || !IsConstant(packed) || packed->dims == nullptr || packed->dims->size != 1) {
    return Refuse(context, "packed weights must be a constant 1-D int8 or uint8 tensor");
  }
  const FormatError error = ReadWeights(packed, op);
  if (error != FormatError::kOk) return Refuse(context, FormatErrorText(error));

  const int* in = input->dims->data;
  if (in[3] != op->layer().in_channels) {
    return Refuse(context, "input channels do not match the packed weights");
  }
  if (!IsBias(bias, op->layer().out_channels)) {
    return Refuse(context, "bias must be a constant int32 tensor, one value an output channel");
  }
  const bool fits = SparseConvGeometry(op->layer(), in[0], in[1], in[2], &op->dims, &op->params);
  if (!fits || !HasShape(output, op->dims)) {
    return Refuse(context, "output shape does not match input and packed weights");
  }
  op->params.input_zero_point = input->params.zero_point;
  op->params.output_zero_point = output->params.zero_point;
  const int32_t* const bias_data = static_cast<const int32_t*>(bias->data.data);
  op->fast = op->Visit([&](const auto& view) { return IsFast(view, op->params, bias_data); });
  return kTfLiteOk;
}

TfLiteStatus PrepareM7(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteStatus status = PrepareCommon(context, node);
  if (status != kTfLiteOk) return status;
  OpData* op = static_cast<OpData*>(node->user_data);
  const size_t bytes = op->Visit([](const auto& view) { return ScratchBytes(view)(view); });
  if (RequestScratch(context, bytes, &op->scratch) != kTfLiteOk) {
    return Refuse(context, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus EvalReference(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  op.Visit([&](const auto& view) {
    Reference(view)(view, op.dims, op.params, EvalInput<int8_t>(context, node, kInput),
                    EvalInput<int32_t>(context, node, kBias),
                    EvalOutput<int8_t>(context, node, kOutput));
  });
  return kTfLiteOk;
}

TfLiteStatus EvalM7(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  op.Visit([&](const auto& view) {
    M7(view)(view, op.dims, op.params, op.fast, EvalInput<int8_t>(context, node, kInput),
             EvalInput<int32_t>(context, node, kBias), EvalOutput<int8_t>(context, node, kOutput),
             GetScratch(context, op.scratch));
  });
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SPARSE_CONV_2D_REFERENCE() {
  static Registration registration = MakeRegistration(Init, PrepareCommon, EvalReference);
  return &registration;
}

Registration* Register_SPARSE_CONV_2D_M7() {
  static Registration registration = MakeRegistration(Init, PrepareM7, EvalM7);
  return &registration;
}

Registration* Register_SPARSE_CONV_2D() {
  return KWS_KERNELS_M7 ? Register_SPARSE_CONV_2D_M7() : Register_SPARSE_CONV_2D_REFERENCE();
}

}  // namespace kws
