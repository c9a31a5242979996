// Boot: hardware, model, pipeline; then the application's loop.
#include <new>

#include "board.h"
#include "operators.h"
#include "settings.h"
#include "stm32f7_app/app/application.h"
#include "stm32f7_app/app/microphone.h"
#include "stm32f7_app/app/profiled_model.h"
#include "stm32f7_app/app/version.h"
#include "stm32f7_app/core/crc32.h"
#include "stm32f7_app/core/tflm_model.h"
#include "stm32f7_app/drivers/clock.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/fault.h"
#include "stm32f7_app/drivers/memory.h"
#include "stm32f7_app/drivers/serial_port.h"
#include "stm32f7_app/drivers/watchdog.h"

namespace kws {
namespace {

[[gnu::section(".arena")]] alignas(16) uint8_t arena[settings::kArenaBytes];
alignas(kFeatureWorkspaceAlignment) uint8_t feature_workspace[settings::kFeatureWorkspaceBytes];
int16_t columns[settings::kFrames * settings::kFeatures];
TflmModel model;

static_assert(settings::kFeatures <= Spotter::kMaxFeatures);
static_assert(settings::kClasses <= Detector::kMaxClasses);

void Report(const char* code, const char* message) {
  char line[256];
  stm32::SendLine(line, FormatError(code, message, line, sizeof(line)));
}

stm32::Clocks StartHardware() {
  const stm32::Clocks clocks = stm32::StartClocks();
  stm32::EnableFaultHandlers();
  stm32::StartMemorySystem(DmaRegionBase(), DmaRegionBytes());
  stm32::EnableCycleCounter();
  stm32::StartMillisecondTick(clocks.core_hz);
  stm32::StartSerialPort(clocks.apb1_hz);
  if (stm32::TakeWatchdogReset()) Report("E91", "the watchdog had reset the board");
  stm32::StartWatchdog();
  if (clocks.source == stm32::ClockSource::kInternal) {
    Report("E13", "external clock missing; running from the internal oscillator (1 %)");
  }
  if (clocks.source == stm32::ClockSource::kReset) {
    ReportFatal("E13", "the PLL did not lock; no audio clock");
  }
  return clocks;
}

BootInfo MakeBootInfo(const stm32::Clocks& clocks) {
  BootInfo boot = {};
  boot.firmware = kFirmwareVersion;
  boot.board = board::kName;
  boot.config = settings::kConfigHash;
  boot.model = settings::kModelName;
  boot.model_bytes = settings::kModelBytes;
  boot.arena_used = static_cast<uint32_t>(model.arena_used());
  boot.arena_size = settings::kArenaBytes;
  boot.clock_hz = clocks.core_hz;
  boot.labels = settings::kLabels;
  boot.n_labels = settings::kClasses;
  boot.hop_length = settings::kHopLength;
  boot.hops_per_inference = settings::kHopsPerInference;
  return boot;
}

[[noreturn]] void Boot() {
  const stm32::Clocks clocks = StartHardware();

  if (Crc32(settings::kModel, settings::kModelBytes) != settings::kModelCrc32) {
    ReportFatal("E01", "model damaged: its checksum differs; flash the firmware again");
  }
  static OperatorResolver resolver;
  RegisterOperators(resolver);
  const ModelShape shape = {settings::kFrames, settings::kFeatures, settings::kClasses};
  const ModelStatus status =
      model.Load(settings::kModel, settings::kModelBytes, resolver, arena, sizeof(arena), shape);
  if (status != ModelStatus::kOk) ReportFatal(ErrorCode(status), model.message());

  static FeatureExtractor extractor(kFeatureTables, feature_workspace, sizeof(feature_workspace));
  static ColumnRing ring(columns, settings::kFrames, settings::kFeatures);
  static Detector detector(settings::kDetector);
  static ProfiledModel profiled_model(model);
  static Spotter spotter(kFeatureTables, extractor, ring, profiled_model, detector,
                         settings::kInputQuantization, settings::kHopsPerInference);
  static Application application(spotter, detector, profiled_model, MakeBootInfo(clocks));
  application.Run();
}

}  // namespace
}  // namespace kws

int main() { kws::Boot(); }
