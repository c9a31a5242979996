#include "custom_ops/tests/model_mutator.h"

#include <memory>

#include "custom_ops/tests/mutation_values.h"

namespace kws::fuzz {
namespace {

constexpr size_t kHeaderBytes = 64;  // of the packed formats

template <typename T>
T& AnyOf(std::vector<T>& values, Random& random) {
  return values[random.Below(values.size())];
}

void MutateShape(tflite::TensorT& tensor, Random& random) {
  switch (random.Below(6)) {
    case 0:
      tensor.shape.push_back(Pick(kSides, random));
      return;
    case 1:
      if (!tensor.shape.empty()) tensor.shape.pop_back();
      return;
    default:
      if (tensor.shape.empty()) return;
      int32_t& side = AnyOf(tensor.shape, random);
      side = random.Chance(2)
                 ? Pick(kSides, random)
                 : static_cast<int32_t>(static_cast<uint32_t>(side) + random.Below(3) - 1);
  }
}

void MutateQuantization(tflite::TensorT& tensor, Random& random) {
  if (tensor.quantization == nullptr || random.Chance(16)) {
    tensor.quantization =
        random.Chance(2) ? std::make_unique<tflite::QuantizationParametersT>() : nullptr;
    return;
  }
  tflite::QuantizationParametersT& q = *tensor.quantization;
  switch (random.Below(6)) {
    case 0:
    case 1:
      if (!q.scale.empty()) AnyOf(q.scale, random) = Pick(kScales, random);
      break;
    case 2:
    case 3:
      if (!q.zero_point.empty()) AnyOf(q.zero_point, random) = Pick(kZeroPoints, random);
      break;
    case 4:
      q.quantized_dimension =
          random.Chance(2) ? Pick(kSides, random) : static_cast<int32_t>(random.Below(4));
      break;
    default: {
      const size_t n = random.Chance(2) ? 1 : random.Below(9);
      q.scale.resize(n, 0.05f);
      if (!random.Chance(4)) q.zero_point.resize(n, 0);
    }
  }
}

void MutateTensor(tflite::ModelT& model, Random& random) {
  auto& tensors = model.subgraphs[0]->tensors;
  if (tensors.empty()) return;
  tflite::TensorT& tensor = *AnyOf(tensors, random);
  switch (random.Below(12)) {
    case 0:
      tensor.type = static_cast<tflite::TensorType>(random.Below(tflite::TensorType_MAX + 1));
      return;
    case 1:
      tensor.buffer = random.Below(model.buffers.size() + 1);
      return;
    case 2:
      tensor.is_variable = !tensor.is_variable;
      return;
    case 3:
    case 4:
    case 5:
    case 6:
      return MutateShape(tensor, random);
    default:
      return MutateQuantization(tensor, random);
  }
}

void MutateConstant(tflite::ModelT& model, Random& random) {
  std::vector<uint8_t>& data = AnyOf(model.buffers, random)->data;
  if (data.empty()) return;
  if (random.Chance(12)) {
    data.resize(random.Below(data.size() + 16));
    return;
  }
  for (uint32_t i = random.Below(4) + 1; i > 0; --i) {
    // Half of the changes go to a packed buffer's header and the offsets behind it.
    const size_t range =
        random.Chance(2) && data.size() > 2 * kHeaderBytes ? 2 * kHeaderBytes : data.size();
    uint8_t& byte = data[random.Below(range)];
    switch (random.Below(4)) {
      case 0:
        byte = Pick(kBytes, random);
        break;
      case 1:
        byte ^= static_cast<uint8_t>(1u << random.Below(8));
        break;
      case 2:
        byte = static_cast<uint8_t>(byte + random.Below(3) - 1);
        break;
      default:
        byte = static_cast<uint8_t>(random.Below(256));
    }
  }
}

void MutateIndices(std::vector<int32_t>& indices, size_t end, Random& random) {
  const int32_t value = static_cast<int32_t>(random.Below(end + 2)) - 1;
  if (indices.empty() || random.Chance(4)) {
    indices.push_back(value);
  } else if (random.Chance(3)) {
    indices.pop_back();
  } else {
    AnyOf(indices, random) = value;
  }
}

void MutateOperator(tflite::ModelT& model, Random& random) {
  tflite::SubGraphT& graph = *model.subgraphs[0];
  if (graph.operators.empty()) return;
  tflite::OperatorT& op = *AnyOf(graph.operators, random);
  switch (random.Below(8)) {
    case 0:
      op.opcode_index = random.Below(model.operator_codes.size() + 1);
      return;
    case 1:
      return MutateIndices(op.inputs, graph.tensors.size(), random);
    case 2:
      return MutateIndices(op.outputs, graph.tensors.size(), random);
    case 3:
      return MutateIndices(random.Chance(2) ? graph.inputs : graph.outputs, graph.tensors.size(),
                           random);
    default:
      return MutateOptions(op, random);
  }
}

void MutateCode(tflite::ModelT& model, Random& random) {
  if (model.operator_codes.empty()) return;
  tflite::OperatorCodeT& code = *AnyOf(model.operator_codes, random);
  switch (random.Below(4)) {
    case 0:
      code.version = Pick(kSides, random);
      return;
    case 1:
      if (!code.custom_code.empty()) code.custom_code.pop_back();
      return;
    case 2:
      code.custom_code = AnyOf(model.operator_codes, random)->custom_code;
      return;
    default:
      code.builtin_code =
          static_cast<tflite::BuiltinOperator>(random.Below(tflite::BuiltinOperator_MAX + 1));
  }
}

void MutateRaw(std::vector<uint8_t>& bytes, Random& random) {
  for (uint32_t i = random.Below(4) + 1; i > 0 && !bytes.empty(); --i) {
    bytes[random.Below(bytes.size())] =
        random.Chance(2) ? Pick(kBytes, random) : static_cast<uint8_t>(random.Below(256));
  }
  if (random.Chance(16)) bytes.resize(random.Below(bytes.size() + 16));
}

}  // namespace

uint32_t Random::Below(size_t end) {
  state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>((state_ >> 33) % end);
}

void MutateModel(tflite::ModelT& model, Random& random) {
  if (model.subgraphs.empty() || model.buffers.empty()) return;
  for (uint32_t i = random.Below(4) + 1; i > 0; --i) {
    const uint32_t kind = random.Below(16);
    if (kind < 5) {
      MutateTensor(model, random);
    } else if (kind < 10) {
      MutateConstant(model, random);
    } else if (kind < 15) {
      MutateOperator(model, random);
    } else {
      MutateCode(model, random);
    }
  }
}

std::vector<uint8_t> MutateBytes(const uint8_t* data, size_t size, Random& random) {
  flatbuffers::Verifier verifier(data, size);
  if (size < 8 || random.Chance(16) || !tflite::VerifyModelBuffer(verifier)) {
    std::vector<uint8_t> bytes(data, data + size);
    MutateRaw(bytes, random);
    return bytes;
  }
  tflite::ModelT model;
  tflite::GetModel(data)->UnPackTo(&model);
  MutateModel(model, random);
  flatbuffers::FlatBufferBuilder builder(size + 256);
  tflite::FinishModelBuffer(builder, tflite::Model::Pack(builder, &model));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace kws::fuzz
