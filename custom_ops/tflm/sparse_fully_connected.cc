#include "custom_ops/kernels/sparse_fully_connected.h"

#include "custom_ops/tflm/register_fully_connected.h"

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif

namespace kws {
namespace {

constexpr int kInput = 0;
constexpr int kWeights = 1;
constexpr int kBias = 2;
constexpr int kOutput = 0;

// Keeps every index of the kernels in 32 bits.
constexpr int64_t kMaxElements = int64_t{1} << 28;

struct OpData {
  SparseEncoding encoding;
  union {
    BlockSparseConv blocks;
    IndexListConv index_list;
  };
  SparseFullyConnectedParams params;
  FullyConnectedScale scale;
  Scratch scratch;

  // visit(view) of the encoding that the buffer has.
  template <typename Visitor>
  auto Visit(Visitor visit) const {
    return encoding == SparseEncoding::kBlock ? visit(blocks) : visit(index_list);
  }
  const SparseConvLayer& layer() const {
    return *Visit([](const SparseConvLayer& view) { return &view; });
  }
};

// Reports why the operator refuses its node. Every refusal has this one form.
TfLiteStatus Refuse(TfLiteContext* context, const char* reason) {
  TF_LITE_KERNEL_LOG(context, "%s: %s", kSparseFullyConnectedName, reason);
  return kTfLiteError;
}

bool IsConstant(const TfLiteTensor* tensor) {
  return tensor->allocation_type == kTfLiteMmapRo && tensor->data.data != nullptr;
}

// Number of values of a quantised int8 tensor; 0 when it is another, has none, or too many.
int64_t Int8Elements(const TfLiteTensor* tensor) {
  const bool quantized = tensor->quantization.type == kTfLiteAffineQuantization &&
                         tensor->params.zero_point >= INT8_MIN &&
                         tensor->params.zero_point <= INT8_MAX;
  if (tensor->type != kTfLiteInt8 || tensor->dims == nullptr || !quantized) return 0;
  int64_t elements = 1;
  for (int i = 0; i < tensor->dims->size; ++i) {
    const int side = tensor->dims->data[i];
    if (side < 1 || side > kMaxElements) return 0;
    elements *= side;
    if (elements > kMaxElements) return 0;
  }
  return elements;
}

bool IsBias(const TfLiteTensor* tensor, int32_t units) {
  return tensor->type == kTfLiteInt32 && IsConstant(tensor) && tensor->dims != nullptr &&
         tensor->dims->size == 1 && tensor->dims->data[0] == units;
}

FormatError ReadWeights(const TfLiteTensor* packed, OpData* op) {
  const uint8_t* const data = static_cast<const uint8_t*>(packed->data.data);
  const FormatError error = ReadSparseEncoding(data, packed->bytes, &op->encoding);
  if (error != FormatError::kOk) return error;
  switch (op->encoding) {
    case SparseEncoding::kBlock:
      return ReadBlockSparseConv(data, packed->bytes, &op->blocks);
    case SparseEncoding::kIndexList:
      return ReadIndexListConv(data, packed->bytes, &op->index_list);
    default:
      return FormatError::kBadEncoding;
  }
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
  const int64_t inputs = Int8Elements(input), outputs = Int8Elements(output);
  if (inputs == 0 || outputs == 0) {
    return Refuse(context, "input and output must be quantised int8 tensors");
  }
  const bool bytes = packed->type == kTfLiteInt8 || packed->type == kTfLiteUInt8;
  if (!bytes || !IsConstant(packed) || packed->dims == nullptr || packed->dims->size != 1) {
    return Refuse(context, "packed weights must be a constant 1-D int8 or uint8 tensor");
  }
  const FormatError error = ReadWeights(packed, op);
  if (error != FormatError::kOk) return Refuse(context, FormatErrorText(error));

  const SparseConvLayer& layer = op->layer();
  if (!IsSparseFullyConnected(layer)) {
    return Refuse(context, "packed weights are not those of a 1x1 kernel without stride");
  }
  const int32_t depth = layer.in_channels, units = layer.out_channels;
  if (inputs % depth != 0 || outputs != inputs / depth * units) {
    return Refuse(context, "input and output sizes do not match the packed weights");
  }
  if (!IsBias(bias, units)) {
    return Refuse(context, "bias must be a constant int32 tensor, one value a unit");
  }
  op->params = {static_cast<int32_t>(inputs / depth), input->params.zero_point,
                output->params.zero_point};
  const int32_t* const biases = static_cast<const int32_t*>(bias->data.data);
  op->scale = op->Visit([&](const auto& view) {
    return SparseFullyConnectedScale(view, biases, op->params.output_zero_point);
  });
  return kTfLiteOk;
}

TfLiteStatus PrepareM7(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteStatus status = PrepareCommon(context, node);
  if (status != kTfLiteOk) return status;
  OpData* op = static_cast<OpData*>(node->user_data);
  const size_t bytes =
      op->Visit([](const auto& view) { return SparseFullyConnectedM7ScratchBytes(view); });
  if (RequestScratch(context, bytes, &op->scratch) != kTfLiteOk) {
    return Refuse(context, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus EvalReference(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  op.Visit([&](const auto& view) {
    SparseFullyConnectedReference(view, op.params, EvalInput<int8_t>(context, node, kInput),
                                  EvalInput<int32_t>(context, node, kBias),
                                  EvalOutput<int8_t>(context, node, kOutput));
  });
  return kTfLiteOk;
}

TfLiteStatus EvalM7(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  op.Visit([&](const auto& view) {
    SparseFullyConnectedM7(view, op.params, op.scale, EvalInput<int8_t>(context, node, kInput),
                           EvalInput<int32_t>(context, node, kBias),
                           EvalOutput<int8_t>(context, node, kOutput),
                           GetScratch(context, op.scratch));
  });
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SPARSE_FULLY_CONNECTED_REFERENCE() {
  static Registration registration = MakeRegistration(Init, PrepareCommon, EvalReference);
  return &registration;
}

Registration* Register_SPARSE_FULLY_CONNECTED_M7() {
  static Registration registration = MakeRegistration(Init, PrepareM7, EvalM7);
  return &registration;
}

Registration* Register_SPARSE_FULLY_CONNECTED() {
  return KWS_KERNELS_M7 ? Register_SPARSE_FULLY_CONNECTED_M7()
                        : Register_SPARSE_FULLY_CONNECTED_REFERENCE();
}

}  // namespace kws
