// Fuzz target: whatever the model, the project's checks and the operators' Prepare refuse it, or it
// runs within its memory and gives the same output with the M7 and with the reference kernels of
// the custom operators. A model passes as in kws_tflm.runtime: flatbuffer verifier, CheckStructure,
// then TFLM. With libFuzzer (-DKWS_LIBFUZZER -fsanitize=fuzzer), or with a main of its own
// (fuzz_main.cc).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "custom_ops/tests/every_operator.h"
#include "custom_ops/tests/fuzz_main.h"
#include "custom_ops/tests/model_mutator.h"
#include "kws_tflm/runtime/src/model_check.h"
#include "stm32f7_app/core/tflm_model.h"

namespace {

using kws::fuzz::EveryOperator;

constexpr size_t kArenaBytes = 48 * 1024;
constexpr int64_t kMaxWork = 1 << 22;  // products, roughly, that are tried on an accepted model

void Fail(const char* what) {
  std::fprintf(stderr, "fuzz_prepare: %s\n", what);
  std::abort();
}

// 16-byte aligned memory whose end is the allocation's, so that ASan sees the first byte beyond.
struct Aligned {
  explicit Aligned(size_t bytes) : size(bytes) {
    void* fresh = nullptr;
    if (posix_memalign(&fresh, 16, bytes != 0 ? bytes : 1) != 0) std::abort();
    memory.reset(static_cast<uint8_t*>(fresh));
  }
  struct Free {
    void operator()(uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<uint8_t, Free> memory;
  size_t size;
};

// Outputs times the largest constant: more than any operator of the model multiplies.
int64_t Work(const tflite::Model& model) {
  int64_t outputs = 0;
  int64_t largest = 1;
  const tflite::SubGraph& graph = *model.subgraphs()->Get(0);
  for (const tflite::Tensor* tensor : *graph.tensors()) {
    int64_t elements = 1;
    if (tensor->shape() != nullptr) {
      for (int32_t side : *tensor->shape()) elements *= side;
    }
    const auto* data = model.buffers()->Get(tensor->buffer())->data();
    if (data != nullptr && data->size() != 0) {
      largest = std::max<int64_t>(largest, data->size());
    } else {
      outputs = std::max(outputs, elements);
    }
  }
  return outputs * largest;
}

// The output, empty when the model is refused.
std::vector<int8_t> Run(const Aligned& model, const kws::fuzz::EveryOperatorResolver& resolver) {
  const Aligned arena(kArenaBytes);
  auto interpreter = std::make_unique<kws::TflmModel>();
  const kws::ModelStatus status =
      interpreter->Load(model.memory.get(), model.size, resolver, arena.memory.get(), arena.size);
  if (status != kws::ModelStatus::kOk) {
    if (interpreter->message()[0] == '\0') Fail("refused without a message");
    return {};
  }
  if (Work(*tflite::GetModel(model.memory.get())) > kMaxWork) return {};
  for (uint32_t i = 0; i < interpreter->input_bytes(); ++i) {
    interpreter->input()[i] = static_cast<int8_t>(i * 37 + 11);
  }
  if (!interpreter->Invoke()) return {};
  return {interpreter->output(), interpreter->output() + interpreter->output_bytes()};
}

}  // namespace

// True when the model was accepted and run.
bool kws::fuzz::RunInput(const uint8_t* data, size_t size) {
  const Aligned model(size);
  if (size != 0) std::memcpy(model.memory.get(), data, size);
  flatbuffers::Verifier verifier(model.memory.get(), size);
  if (size < 8 || !tflite::VerifyModelBuffer(verifier)) return false;
  const tflite::Model* parsed = tflite::GetModel(model.memory.get());
  if (parsed->version() != TFLITE_SCHEMA_VERSION) return false;
  if (!kws::host::CheckStructure(*parsed).empty()) return false;
  static const EveryOperator m7 = EveryOperator(true).WithM7();
  static const EveryOperator reference = EveryOperator(false).WithM7();
  const std::vector<int8_t> found = Run(model, m7.resolver);
  if (found.empty()) return false;
  const std::vector<int8_t> expected = Run(model, reference.resolver);
  if (!expected.empty() && expected != found) Fail("M7 and reference kernels disagree");
  return true;
}

std::vector<uint8_t> kws::fuzz::Mutate(const uint8_t* data, size_t size, Random& random) {
  return MutateBytes(data, size, random);
}
