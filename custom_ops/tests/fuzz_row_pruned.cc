// Fuzz target for KWSD buffers: whatever the bytes, the reader refuses them or both kernels run on
// them within their buffers and agree. Built with libFuzzer (-DKWS_LIBFUZZER -fsanitize=fuzzer) or
// with a deterministic mutator of its own:
//   fuzz_row_pruned INPUTS SEED FILE...    FILEs are packed buffers to start from
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/sparse_geometry.h"

namespace kws {
namespace {

constexpr int64_t kMaxWork = 1 << 16;  // products and values tried on an accepted buffer

struct Free {
  void operator()(uint8_t* memory) const { std::free(memory); }
};
// Ends where the allocation ends, so that ASan sees the first byte beyond.
using Memory = std::unique_ptr<uint8_t, Free>;

Memory Allocate(int64_t bytes) {
  return Memory(static_cast<uint8_t*>(std::malloc(bytes > 0 ? static_cast<size_t>(bytes) : 1)));
}

void Fail(const char* what) {
  std::fprintf(stderr, "fuzz_row_pruned: %s\n", what);
  std::abort();
}

void RunKernels(const RowPrunedDepthwise& w, uint32_t seed) {
  const int32_t in_h = 1 + static_cast<int32_t>(seed % 14) + (w.kernel_h - 1) * w.dilation_h % 64;
  const int32_t in_w =
      1 + static_cast<int32_t>(seed / 14 % 6) + (w.kernel_w - 1) * w.dilation_w % 64;
  ConvDims dims;
  ConvParams params;
  if (!SparseConvGeometry(w, 1, in_h, in_w, &dims, &params)) return;
  const int64_t outputs = int64_t{dims.out_h} * dims.out_w * dims.out_channels;
  const int64_t inputs = int64_t{in_h} * in_w * w.in_channels;
  const int64_t work = outputs * w.kernel_h * w.kernel_w;
  if (work > kMaxWork || inputs > kMaxWork) return;
  params.input_zero_point = static_cast<int8_t>(seed >> 8);
  params.output_zero_point = static_cast<int8_t>(seed >> 16);
  const Memory input = Allocate(inputs);
  for (int64_t i = 0; i < inputs; ++i) input.get()[i] = static_cast<uint8_t>(seed * 31 + i * 7);
  std::vector<int32_t> bias(static_cast<size_t>(dims.out_channels));
  for (size_t i = 0; i < bias.size(); ++i) {
    bias[i] = static_cast<int32_t>(seed + i * 977) >> (seed % 20);
  }
  const Memory expected = Allocate(outputs);
  const Memory found = Allocate(outputs);
  const Memory scratch =
      Allocate(static_cast<int64_t>(RowPrunedDepthwiseM7ScratchBytes(w, dims, params)));
  const auto* source = reinterpret_cast<const int8_t*>(input.get());
  RowPrunedDepthwiseReference(w, dims, params, source, bias.data(),
                              reinterpret_cast<int8_t*>(expected.get()));
  RowPrunedDepthwiseM7(w, dims, params, RowPrunedDepthwiseIsNarrow(w, bias.data()), source,
                       bias.data(), reinterpret_cast<int8_t*>(found.get()), scratch.get());
  if (std::memcmp(expected.get(), found.get(), static_cast<size_t>(outputs)) != 0) {
    Fail("kernels disagree");
  }
}

bool RunInput(const uint8_t* data, size_t size) {
  const Memory copy = Allocate(static_cast<int64_t>(size));
  if (size != 0) std::memcpy(copy.get(), data, size);
  RowPrunedDepthwise weights;
  const FormatError error = ReadRowPrunedDepthwise(copy.get(), size, &weights);
  if (FormatErrorText(error) == nullptr) Fail("error without text");
  if (error != FormatError::kOk) return false;
  uint32_t seed = static_cast<uint32_t>(size);
  for (size_t i = 0; i < size; ++i) seed = seed * 16777619u ^ copy.get()[i];
  RunKernels(weights, seed);
  return true;
}

#ifndef KWS_LIBFUZZER

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Below(size_t end) {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>((state_ >> 33) % end);
  }

 private:
  uint64_t state_;
};

std::vector<uint8_t> Mutate(std::vector<uint8_t> bytes, Random& random) {
  constexpr uint8_t kEdges[] = {0, 1, 2, 4, 7, 8, 31, 32, 63, 64, 127, 128, 254, 255};
  const auto changes = 1 + random.Below(4);
  for (uint32_t i = 0; i < changes && !bytes.empty(); ++i) {
    // Half of the changes go to the header.
    const size_t range = random.Below(2) != 0 && bytes.size() > 64 ? 64 : bytes.size();
    uint8_t& byte = bytes[random.Below(range)];
    switch (random.Below(5)) {
      case 0:
        byte = kEdges[random.Below(sizeof(kEdges))];
        break;
      case 1:
        byte ^= static_cast<uint8_t>(1u << random.Below(8));
        break;
      case 2:
        byte = static_cast<uint8_t>(byte + random.Below(3) - 1);
        break;
      case 3:
        byte = static_cast<uint8_t>(random.Below(256));
        break;
      default:
        if (random.Below(8) == 0) {
          bytes.resize(random.Below(bytes.size() + 16));
        }
        break;
    }
  }
  return bytes;
}

std::vector<uint8_t> ReadFile(const char* path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "fuzz_row_pruned: cannot read %s\n", path);
    std::exit(2);
  }
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    bytes.push_back(static_cast<uint8_t>(c));
  }
  std::fclose(file);
  return bytes;
}

int Run(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fuzz_row_pruned INPUTS SEED FILE...\n");
    return 2;
  }
  const long inputs = std::atol(argv[1]);
  Random random(std::strtoull(argv[2], nullptr, 10));
  std::vector<std::vector<uint8_t>> corpus;
  for (int i = 3; i < argc; ++i) corpus.push_back(ReadFile(argv[i]));
  long accepted = 0;
  for (long i = 0; i < inputs; ++i) {
    const std::vector<uint8_t> bytes = Mutate(corpus[random.Below(corpus.size())], random);
    if (RunInput(bytes.data(), bytes.size())) ++accepted;
  }
  std::printf("%ld inputs, %ld accepted and run, no finding\n", inputs, accepted);
  return 0;
}

#endif  // KWS_LIBFUZZER

}  // namespace
}  // namespace kws

#ifdef KWS_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kws::RunInput(data, size);
  return 0;
}
#else
int main(int argc, char** argv) { return kws::Run(argc, argv); }
#endif
