// The image of `kws-tflm bench paper`: runs the calls of its blob, one after the other. Activations
// and sums are in DTCM, weights in flash, both caches on. Nothing interrupts it.
#include <cstring>

#include "stm32f7_app/bench_paper/study_blob.h"
#include "stm32f7_app/drivers/clock.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/fault.h"
#include "stm32f7_app/drivers/memory.h"

extern "C" {

// Placed by the linker script; here nothing is in it, but the MPU wants a region.
extern uint8_t _dma_start[], _dma_end[];

// In the vector table; this image has no audio.
void DMA1_Stream3_IRQHandler() { kws::stm32::Panic("unexpected interrupt"); }

alignas(32) uint8_t kws_study_output[kws::kStudyOutputBytes];

// The virtual board watches their addresses.
[[gnu::noinline]] void kws_study_begin() { __asm__ volatile("" ::: "memory"); }
[[gnu::noinline]] void kws_study_end() { __asm__ volatile("" ::: "memory"); }
[[gnu::noinline]] void kws_study_done() { __asm__ volatile("" ::: "memory"); }
}

namespace kws {
namespace {

alignas(32) uint8_t input[kStudyInputBytes];
int32_t sums[kStudySums];

void Run(const StudyJob& job) {
  KwsStudyCall call = job.call;
  std::memcpy(input, call.input, job.input_bytes);
  call.input = input;
  call.sums = sums;
  call.output = kws_study_output;
  kws_study_begin();
  kws_study_run(&call);
  kws_study_end();
}

}  // namespace
}  // namespace kws

int main() {
  using namespace kws;
  stm32::StartClocks();
  stm32::EnableFaultHandlers();
  stm32::StartMemorySystem(reinterpret_cast<uintptr_t>(_dma_start),
                           static_cast<uint32_t>(_dma_end - _dma_start));
  stm32::EnableCycleCounter();
  StudyHeader header;
  std::memcpy(&header, kws_study_blob, sizeof(header));
  for (uint32_t i = 0; i < header.n_jobs; ++i) Run(header.jobs[i]);
  kws_study_done();
  for (;;) stm32::WaitForInterrupt();
}
