// The image of `kws-tflm profile`: one model, two inferences on the same input, no microphone. The
// second inference is the one that counts: caches and branch predictors are warm, as they are in a
// firmware that listens. Nothing interrupts it.
#include "board.h"
#include "operators.h"
#include "settings.h"
#include "stm32f7_app/app/profiled_model.h"
#include "stm32f7_app/core/console_protocol.h"
#include "stm32f7_app/core/crc32.h"
#include "stm32f7_app/core/line_writer.h"
#include "stm32f7_app/core/tap.h"
#include "stm32f7_app/core/tflm_model.h"
#include "stm32f7_app/drivers/clock.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/fault.h"
#include "stm32f7_app/drivers/memory.h"
#include "stm32f7_app/drivers/serial_port.h"

// Placed by the linker script; here nothing is in it, but the MPU wants a region.
extern "C" uint8_t _dma_start[], _dma_end[];

// In the vector table; this image has no audio.
extern "C" void DMA1_Stream3_IRQHandler() { kws::stm32::Panic("unexpected interrupt"); }

namespace kws {
namespace {

constexpr uint32_t kInputSeed = 0x2545F491;

[[gnu::section(".arena")]] alignas(16) uint8_t arena[settings::kArenaBytes];
TflmModel model;
char line[512];

// Waits for room: unlike the spotter, this image has nothing else to do.
void Send(size_t length) {
  while (!stm32::CanSend(length)) stm32::WaitForInterrupt();
  stm32::SendLine(line, length);
}

[[noreturn]] void Sleep() {
  for (;;) stm32::WaitForInterrupt();
}

[[noreturn]] void Fail(const char* code, const char* message) {
  Send(FormatError(code, message, line, sizeof(line)));
  Sleep();
}

stm32::Clocks StartHardware() {
  const stm32::Clocks clocks = stm32::StartClocks();
  stm32::EnableFaultHandlers();
  stm32::StartMemorySystem(reinterpret_cast<uintptr_t>(_dma_start),
                           static_cast<uint32_t>(_dma_end - _dma_start));
  stm32::EnableCycleCounter();
  stm32::StartSerialPort(clocks.apb1_hz);
  return clocks;
}

// The bytes of xorshift32, lowest first; its state runs on through all inputs
// (kws_tflm/profile/stimulus.py).
void FillInputs() {
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

void Infer(ProfiledModel& profiled) {
  FillInputs();
  stm32::DisableInterrupts();
  kws_tap(kTapInferenceBegin, model.input(), model.input_bytes());
  const bool done = profiled.Invoke();
  kws_tap(kTapInferenceEnd, model.output(), model.output_bytes());
  stm32::EnableInterrupts();
  if (!done) Fail("E01", model.message());
}

void Report(const ProfiledModel& profiled, const stm32::Clocks& clocks) {
  for (uint32_t i = 0; i < settings::kOperators; ++i) {
    const OperatorCycles cycles = {i, settings::kOperators, settings::kOperatorNames[i],
                                   profiled.operator_cycles()[i], profiled.total_cycles()};
    Send(FormatOperator(cycles, line, sizeof(line)));
  }
  const TfLiteTensor& output = model.output_tensor(0);
  Send(LineWriter(line, sizeof(line), "profile")
           .Text("board", board::kName)
           .Text("model", settings::kModelName)
           .Unsigned("model_bytes", settings::kModelBytes)
           .Unsigned("arena_used", model.arena_used())
           .Unsigned("arena_size", settings::kArenaBytes)
           .Unsigned("clock", clocks.core_hz)
           .Hex("output_crc", Crc32(output.data.uint8, output.bytes))
           .Unsigned("total", profiled.total_cycles())
           .Finish());
}

[[noreturn]] void Run() {
  const stm32::Clocks clocks = StartHardware();
  static OperatorResolver resolver;
  RegisterOperators(resolver);
  const ModelStatus status =
      model.Load(settings::kModel, settings::kModelBytes, resolver, arena, sizeof(arena));
  if (status != ModelStatus::kOk) Fail(ErrorCode(status), model.message());
  static ProfiledModel profiled(model);
  Infer(profiled);
  Infer(profiled);
  Report(profiled, clocks);
  Sleep();
}

}  // namespace
}  // namespace kws

int main() { kws::Run(); }
