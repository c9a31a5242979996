// Fuzz target: whatever the bytes, the readers of all encodings refuse them, or one takes them and
// its kernels run on them within their buffers and agree. Built with libFuzzer (-DKWS_LIBFUZZER
// -fsanitize=fuzzer) or, as here, with a deterministic mutator of its own:
//   fuzz_sparse_format INPUTS [SEED] [FILE...]    FILEs are packed buffers to start from
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "custom_ops/kernels/index_list_conv2d.h"
#include "custom_ops/kernels/n_of_m_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/kernels/sparse_geometry.h"

namespace {

constexpr int32_t kMaxWork = 1 << 16;  // multiply-accumulates tried on an accepted buffer

// A copy at 4-byte alignment whose end is the allocation's, so that ASan sees the first byte
// beyond.
struct Aligned {
  explicit Aligned(size_t bytes)
      : memory(static_cast<uint8_t*>(std::malloc(bytes ? bytes : 1))), size(bytes) {}
  ~Aligned() { std::free(memory); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  uint8_t* memory;
  size_t size;
};

void Fail(const char* what) {
  std::fprintf(stderr, "fuzz_sparse_format: %s\n", what);
  std::abort();
}

// The kernels of each encoding under one name.
constexpr auto Reference(const kws::BlockSparseConv&) { return kws::SparseConv2dReference; }
constexpr auto Reference(const kws::IndexListConv&) { return kws::IndexListConv2dReference; }
constexpr auto Reference(const kws::NOfMConv&) { return kws::NOfMConv2dReference; }
constexpr auto M7(const kws::BlockSparseConv&) { return kws::SparseConv2dM7; }
constexpr auto M7(const kws::IndexListConv&) { return kws::IndexListConv2dM7; }
constexpr auto M7(const kws::NOfMConv&) { return kws::NOfMConv2dM7; }
constexpr auto ScratchBytes(const kws::BlockSparseConv&) { return kws::SparseConv2dM7ScratchBytes; }
constexpr auto ScratchBytes(const kws::IndexListConv&) {
  return kws::IndexListConv2dM7ScratchBytes;
}
constexpr auto ScratchBytes(const kws::NOfMConv&) { return kws::NOfMConv2dM7ScratchBytes; }
bool IsFast(const kws::BlockSparseConv& w, const kws::ConvParams&, const int32_t* bias) {
  return kws::SparseConv2dIsNarrow(w, bias);
}
bool IsFast(const kws::IndexListConv& w, const kws::ConvParams& params, const int32_t* bias) {
  return kws::IndexListConv2dIsFast(w, params, bias);
}
bool IsFast(const kws::NOfMConv& w, const kws::ConvParams& params, const int32_t* bias) {
  return kws::NOfMConv2dIsFast(w, params, bias);
}
// Values that meet every output position.
int64_t Stored(const kws::BlockSparseConv& w) {
  return int64_t{w.n_blocks} * w.block_out * w.block_in;
}
int64_t Stored(const kws::IndexListConv& w) { return w.n_entries; }
int64_t Stored(const kws::NOfMConv& w) {
  return int64_t{w.out_channels} * w.row_quads * kws::NOfMQuad::kValues;
}

template <typename View>
void RunKernels(const View& weights, uint32_t seed) {
  kws::ConvDims dims;
  kws::ConvParams params;
  const int32_t in_h =
      1 + static_cast<int32_t>(seed % 5) + (weights.kernel_h - 1) * weights.dilation_h % 64;
  const int32_t in_w =
      1 + static_cast<int32_t>(seed / 5 % 5) + (weights.kernel_w - 1) * weights.dilation_w % 64;
  if (!kws::SparseConvGeometry(weights, 1, in_h, in_w, &dims, &params)) return;
  const int64_t depth = int64_t{weights.kernel_h} * weights.kernel_w * weights.tap_pitch;
  const int64_t positions = int64_t{dims.out_h} * dims.out_w;
  const int64_t outputs = positions * dims.out_channels;
  const int64_t inputs = int64_t{in_h} * in_w * weights.in_channels;
  if (outputs + positions * (depth + Stored(weights)) > kMaxWork || inputs > kMaxWork) return;
  params.input_zero_point = static_cast<int8_t>(seed >> 8);
  params.output_zero_point = static_cast<int8_t>(seed >> 16);
  Aligned input(static_cast<size_t>(inputs));
  for (size_t i = 0; i < input.size; ++i) input.memory[i] = static_cast<uint8_t>(seed * 31 + i * 7);
  std::vector<int32_t> bias(static_cast<size_t>(dims.out_channels));
  for (size_t i = 0; i < bias.size(); ++i)
    bias[i] = static_cast<int32_t>(seed + i * 977) >> (seed % 20);
  Aligned expected(static_cast<size_t>(outputs));
  Aligned found(static_cast<size_t>(outputs));
  Aligned scratch(ScratchBytes(weights)(weights));
  const auto* source = reinterpret_cast<const int8_t*>(input.memory);
  Reference(weights)(weights, dims, params, source, bias.data(),
                     reinterpret_cast<int8_t*>(expected.memory));
  const bool fast = IsFast(weights, params, bias.data());
  for (const bool taken : {fast, false}) {
    M7(weights)(weights, dims, params, taken, source, bias.data(),
                reinterpret_cast<int8_t*>(found.memory), scratch.memory);
    if (std::memcmp(expected.memory, found.memory, found.size) != 0) Fail("kernels disagree");
  }
}

template <typename View>
bool ReadAndRun(kws::FormatError (*read)(const uint8_t*, size_t, View*), const Aligned& copy,
                uint32_t seed) {
  View weights;
  const kws::FormatError error = read(copy.memory, copy.size, &weights);
  if (kws::FormatErrorText(error) == nullptr) Fail("error without text");
  if (error != kws::FormatError::kOk) return false;
  RunKernels(weights, seed);
  return true;
}

// Gives the bytes to every reader; whether one took them.
bool TryInput(const uint8_t* data, size_t size) {
  Aligned copy(size);
  if (size != 0) std::memcpy(copy.memory, data, size);
  uint32_t seed = static_cast<uint32_t>(size);
  for (size_t i = 0; i < size; ++i) seed = seed * 16777619u ^ copy.memory[i];
  const int takers = ReadAndRun(kws::ReadBlockSparseConv, copy, seed) +
                     ReadAndRun(kws::ReadIndexListConv, copy, seed) +
                     ReadAndRun(kws::ReadNOfMConv, copy, seed);
  if (takers > 1) Fail("two encodings take one buffer");
  return takers == 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TryInput(data, size);
  return 0;
}

#ifndef KWS_LIBFUZZER
namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Below(uint32_t end) {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>((state_ >> 33) % end);
  }

 private:
  uint64_t state_;
};

// Values that sit on the edges of the reader's checks.
constexpr uint8_t kEdges[] = {0, 1, 2, 4, 16, 17, 31, 32, 63, 64, 127, 128, 254, 255};

void Mutate(std::vector<uint8_t>& bytes, Random& random) {
  const uint32_t changes = 1 + random.Below(4);
  for (uint32_t i = 0; i < changes && !bytes.empty(); ++i) {
    // Half of the changes go to the header and the offsets behind it.
    const uint32_t all = static_cast<uint32_t>(bytes.size());
    const uint32_t range = random.Below(2) != 0 && all > 128 ? 128 : all;
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
        if (random.Below(8) == 0) bytes.resize(random.Below(all + 16));
        break;
    }
  }
}

std::vector<uint8_t> ReadFile(const char* path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "fuzz_sparse_format: cannot read %s\n", path);
    std::exit(2);
  }
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    bytes.push_back(static_cast<uint8_t>(c));
  }
  std::fclose(file);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: fuzz_sparse_format INPUTS [SEED] [FILE...]\n");
    return 2;
  }
  const long inputs = std::atol(argv[1]);
  Random random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  std::vector<std::vector<uint8_t>> corpus;
  for (int i = 3; i < argc; ++i) corpus.push_back(ReadFile(argv[i]));
  if (corpus.empty()) corpus.emplace_back(256, uint8_t{0});
  long accepted = 0;
  for (long i = 0; i < inputs; ++i) {
    std::vector<uint8_t> bytes = corpus[random.Below(static_cast<uint32_t>(corpus.size()))];
    Mutate(bytes, random);
    if (TryInput(bytes.data(), bytes.size())) ++accepted;
  }
  std::printf("%ld inputs, %ld accepted and run, no finding\n", inputs, accepted);
  return 0;
}
#endif  // KWS_LIBFUZZER
