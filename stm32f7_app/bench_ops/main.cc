// The image of `kws-tflm bench ops`: loads each model of its blob and runs three inferences on the
// same input: one to warm up, one with warm caches, and one with an empty data cache, as the other
// layers' weights leave it in a network, whose code the instruction cache holds. Weights are in
// flash, activations in DTCM, nothing interrupts. The host watches the taps.
#include <cstring>
#include <new>

#include "custom_ops/tflm/observed.h"
#include "operators.h"
#include "stm32f7_app/bench_ops/model_blob.h"
#include "stm32f7_app/core/tap.h"
#include "stm32f7_app/core/tflm_model.h"
#include "stm32f7_app/drivers/clock.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/fault.h"
#include "stm32f7_app/drivers/memory.h"
#include "stm32f7_app/drivers/registers.h"

extern "C" {

// Placed by the linker script; here nothing is in it, but the MPU wants a region.
extern uint8_t _dma_start[], _dma_end[];

// In the vector table; this image has no audio.
void DMA1_Stream3_IRQHandler() { kws::stm32::Panic("unexpected interrupt"); }
}

namespace kws {
namespace {

constexpr uint32_t kArenaBytes = 96 * 1024;
constexpr uint32_t kInputSeed = 0x2545F491;  // kws_tflm/profile/stimulus.py

// Beyond those of the firmware (tap.h).
enum BenchTap : uint32_t {
  kTapModelLoaded = 100,  // uint32: arena bytes in use
  kTapModelFailed = 101,  // char[]: why it was not loaded or did not run
  kTapAllDone = 102,      // no data
};

[[gnu::section(".arena")]] alignas(16) uint8_t arena[kArenaBytes];
alignas(TflmModel) uint8_t storage[sizeof(TflmModel)];

void FillInputs(TflmModel& model) {
  uint32_t state = kInputSeed;
  for (size_t i = 0; i < model.n_inputs(); ++i) {
    TfLiteTensor& input = model.input_tensor(i);
    for (size_t j = 0; j < input.bytes; ++j) {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      input.data.int8[j] = static_cast<int8_t>(state);
    }
  }
}

// Nothing in the data cache is dirty: all that is written is in DTCM, which is not cached.
void EmptyDataCache() {
  constexpr uint32_t kSets = 128, kWays = 4;  // 16 kB in lines of 32 bytes
  for (uint32_t set = 0; set < kSets; ++set) {
    for (uint32_t way = 0; way < kWays; ++way) stm32::Cache().DCISW = (way << 30) | (set << 5);
  }
  stm32::Dsb();
}

bool Infer(TflmModel& model) {
  FillInputs(model);
  RestartObservation();
  kws_tap(kTapInferenceBegin, nullptr, 0);
  const bool done = model.Invoke();
  kws_tap(kTapInferenceEnd, model.output(), model.output_bytes());
  return done;
}

void Run(const BlobModel& entry, const OperatorResolver& resolver) {
  TflmModel& model = *new (storage) TflmModel;
  const ModelStatus status = model.Load(entry.data, entry.bytes, resolver, arena, sizeof(arena));
  if (status == ModelStatus::kOk) {
    const uint32_t arena_used = static_cast<uint32_t>(model.arena_used());
    kws_tap(kTapModelLoaded, &arena_used, sizeof(arena_used));
    if (Infer(model) && Infer(model)) {
      EmptyDataCache();
      if (Infer(model)) return;
    }
  }
  kws_tap(kTapModelFailed, model.message(), static_cast<uint32_t>(std::strlen(model.message())));
}

}  // namespace

void OnOperatorBegin(uint32_t index) { kws_tap(kTapOperatorBegin, &index, sizeof(index)); }

void OnOperatorEnd(uint32_t index) { kws_tap(kTapOperatorEnd, &index, sizeof(index)); }

}  // namespace kws

int main() {
  using namespace kws;
  stm32::StartClocks();
  stm32::EnableFaultHandlers();
  stm32::StartMemorySystem(reinterpret_cast<uintptr_t>(_dma_start),
                           static_cast<uint32_t>(_dma_end - _dma_start));
  stm32::EnableCycleCounter();
  static OperatorResolver resolver;
  RegisterOperators(resolver);
  BlobHeader header;
  std::memcpy(&header, kws_model_blob, sizeof(header));
  for (uint32_t i = 0; i < header.n_models; ++i) Run(header.models[i], resolver);
  kws_tap(kTapAllDone, nullptr, 0);
  for (;;) stm32::WaitForInterrupt();
}
