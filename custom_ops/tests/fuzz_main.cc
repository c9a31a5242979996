// Drives a fuzz target: with libFuzzer where clang is installed (-DKWS_LIBFUZZER), otherwise with a
// deterministic loop of its own:
//   fuzz_TARGET INPUTS SEED FILE...     FILEs are what the inputs are made of
//   fuzz_TARGET 0 0 FILE...             runs the FILEs as they are
// A finding, an input that takes longer than ten seconds among them, ends the program; what led to
// it stands in the file `fuzz_finding.bin`.
#include "custom_ops/tests/fuzz_main.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef KWS_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kws::fuzz::RunInput(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  kws::fuzz::Random random(seed);
  const std::vector<uint8_t> changed = kws::fuzz::Mutate(data, size, random);
  if (changed.size() > max_size) return size;
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}

#else

namespace {

using Bytes = std::vector<uint8_t>;

constexpr char kFinding[] = "fuzz_finding.bin";
constexpr unsigned kMaxSeconds = 10;
const Bytes* present = nullptr;  // the input that runs

void WritePresent() {
  if (present == nullptr) return;
  std::FILE* file = std::fopen(kFinding, "wb");
  if (file == nullptr) return;
  std::fwrite(present->data(), 1, present->size(), file);
  std::fclose(file);
  present = nullptr;
}

Bytes ReadFile(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(2);
  }
  Bytes bytes;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    bytes.push_back(static_cast<uint8_t>(c));
  }
  std::fclose(file);
  return bytes;
}

void OnSignal(int) {
  WritePresent();
  _exit(1);
}

bool Run(const Bytes& bytes) {
  present = &bytes;
  alarm(kMaxSeconds);
  const bool accepted = kws::fuzz::RunInput(bytes.data(), bytes.size());
  alarm(0);
  present = nullptr;
  return accepted;
}

}  // namespace

// Through SIGABRT, so that the input is written.
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s INPUTS SEED FILE...\n", argv[0]);
    return 2;
  }
  signal(SIGABRT, OnSignal);
  signal(SIGALRM, OnSignal);
  const long inputs = std::atol(argv[1]);
  kws::fuzz::Random random(std::strtoull(argv[2], nullptr, 10));
  std::vector<Bytes> corpus;
  for (int i = 3; i < argc; ++i) corpus.push_back(ReadFile(argv[i]));
  for (size_t i = 0; i < corpus.size(); ++i) {
    if (!Run(corpus[i])) std::printf("refused as it is: %s\n", argv[i + 3]);
  }
  long accepted = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (long i = 0; i < inputs; ++i) {
    const Bytes& start = corpus[random.Below(corpus.size())];
    if (Run(kws::fuzz::Mutate(start.data(), start.size(), random))) ++accepted;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%ld inputs from %zu files, %ld accepted and run, %.0f a second, no finding\n",
              inputs, corpus.size(), accepted, inputs / took.count());
  return 0;
}

#endif  // KWS_LIBFUZZER
