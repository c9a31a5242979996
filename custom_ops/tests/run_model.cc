// Runs a model on this machine, for tests:
//   run_model m7|reference MODEL INPUT OUTPUT
// `m7`: this project's kernels everywhere; `reference`: TFLM's kernels for built-in operators, the
// reference kernels of the custom ones. INPUT and OUTPUT are the tensors' bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "custom_ops/tests/every_operator.h"
#include "stm32f7_app/core/tflm_model.h"

namespace {

constexpr size_t kArenaBytes = 1 << 20;

[[noreturn]] void Fail(const char* what, const char* detail) {
  std::fprintf(stderr, "run_model: %s: %s\n", what, detail);
  std::exit(1);
}

struct alignas(16) Block {
  uint8_t bytes[16];
};

size_t ReadFile(const char* path, std::vector<Block>* blocks) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) Fail("cannot read", path);
  size_t size = 0;
  for (size_t read = 1; read != 0; size += read) {
    blocks->resize(size / sizeof(Block) + 4096);
    uint8_t* end = reinterpret_cast<uint8_t*>(blocks->data()) + size;
    read = std::fread(end, 1, blocks->size() * sizeof(Block) - size, file);
  }
  std::fclose(file);
  return size;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) Fail("usage", "run_model m7|reference MODEL INPUT OUTPUT");
  using kws::fuzz::EveryOperator;
  const bool m7 = std::strcmp(argv[1], "m7") == 0;
  static EveryOperator operators(m7);
  if (m7) {
    operators.WithM7();
  } else {
    operators.WithTflm();
  }
  std::vector<Block> model_data, input_data, arena(kArenaBytes / sizeof(Block));
  const size_t model_bytes = ReadFile(argv[2], &model_data);
  const size_t input_bytes = ReadFile(argv[3], &input_data);
  static kws::TflmModel model;
  const kws::ModelStatus status =
      model.Load(reinterpret_cast<const uint8_t*>(model_data.data()), model_bytes,
                 operators.resolver, reinterpret_cast<uint8_t*>(arena.data()), kArenaBytes);
  if (status != kws::ModelStatus::kOk) Fail("model refused", model.message());
  if (input_bytes != model.input_bytes()) Fail("wrong size", argv[3]);
  std::memcpy(model.input(), input_data.data(), input_bytes);
  if (!model.Invoke()) Fail("model failed", model.message());
  std::FILE* file = std::fopen(argv[4], "wb");
  if (file == nullptr) Fail("cannot write", argv[4]);
  std::fwrite(model.output(), 1, model.output_bytes(), file);
  std::fclose(file);
  return 0;
}
