#include "stm32f7_app/app/application.h"

#include "board.h"
#include "settings.h"
#include "stm32f7_app/app/microphone.h"
#include "stm32f7_app/core/line_writer.h"
#include "stm32f7_app/core/tap.h"
#include "stm32f7_app/drivers/audio.h"
#include "stm32f7_app/drivers/clock.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/gpio.h"
#include "stm32f7_app/drivers/serial_port.h"
#include "stm32f7_app/drivers/watchdog.h"

namespace kws {
namespace {

using stm32::CycleCount;
using stm32::Milliseconds;

constexpr uint32_t kSilenceSeconds = 2;
constexpr uint32_t kStallMs = 500;
constexpr uint32_t kRepeatMs = 2000;  // between two lines about the same trouble
constexpr uint32_t kLedMs = 300;

char line[kMaxLineBytes];  // main loop only

void Send(size_t length) {
  if (length != 0) stm32::SendLine(line, length);
}

void SendError(const char* code, const char* message) {
  Send(FormatError(code, message, line, sizeof(line)));
}

uint32_t AudioErrorCount() {
  const stm32::AudioErrors errors = stm32::GetAudioErrors();
  return errors.dma + errors.i2s;
}

}  // namespace

Application::Application(Spotter& spotter, Detector& detector, const ProfiledModel& model,
                         const BootInfo& boot)
    : spotter_(spotter),
      detector_(detector),
      model_(model),
      boot_(boot),
      microphone_watch_(kSilenceSeconds * settings::kSampleRate) {}

void Application::Run() {
  Send(FormatBoot(boot_, line, sizeof(line)));
  stm32::MakeOutput(board::kLed);
  StartMicrophone();
  started_ms_ = last_hop_ms_ = last_stall_ms_ = Milliseconds();
  Send(FormatReady(settings::kSampleRate, detector_.threshold_permille(), line, sizeof(line)));
  kws_tap(kTapBootComplete, nullptr, 0);
  for (;;) {
    stm32::FeedWatchdog();
    const uint32_t begin = CycleCount();
    ReadCommands();
    Supervise();
    profile_.Continue();
    if (Microphone().Front() != nullptr) ProcessHop();
    busy_cycles_.Add(CycleCount() - begin);
    SleepUntilWork();
  }
}

void Application::ProcessHop() {
  const auto& hop = *Microphone().Front();
  last_hop_ms_ = Milliseconds();
  if (hop.sequence != next_sequence_) spotter_.SkipHops(hop.sequence - next_sequence_);
  next_sequence_ = hop.sequence + 1;

  const uint32_t feature_begin = CycleCount();
  const bool inference_due = spotter_.PushHop(hop.samples);
  feature_cycles_.Add(CycleCount() - feature_begin);
  if (microphone_watch_.Update(hop.samples, settings::kHopLength)) {
    SendError("E10", "microphone silent: all samples equal for 2 s; check its data line and power");
  }
  Microphone().Pop();
  if (!inference_due) return;

  Detection detection;
  const uint32_t inference_begin = CycleCount();
  const SpotterResult result = spotter_.Infer(&detection);
  const uint32_t cycles = CycleCount() - inference_begin;
  inference_cycles_.Add(cycles);
  if (result == SpotterResult::kFailed) ReportFatal("E01", "an operator of the model failed");
  if (result == SpotterResult::kDetection) Report(detection, cycles);
}

void Application::Report(const Detection& detection, uint32_t cycles) {
  ++detections_;
  const char* word = boot_.labels[detection.label_index];
  Send(FormatDetection(detection, word, cycles, line, sizeof(line)));
  stm32::WritePin(board::kLed, true);
  led_on_ = true;
  led_until_ms_ = Milliseconds() + kLedMs;
}

void Application::ReadCommands() {
  char c;
  Command command;
  while (stm32::ReceiveByte(&c)) {
    if (commands_.Push(c, &command)) Execute(command);
  }
}

void Application::Execute(const Command& command) {
  switch (command.kind) {
    case CommandKind::kStats:
      ReportStatistics();
      break;
    case CommandKind::kReset:
      Restart();
      Send(FormatOk("reset", line, sizeof(line)));
      break;
    case CommandKind::kThreshold:
      detector_.set_threshold_permille(command.threshold_permille);
      Send(FormatThreshold(detector_.threshold_permille(), line, sizeof(line)));
      break;
    case CommandKind::kProfile:
      if (model_.total_cycles() == 0) {
        SendError("E22", "no inference yet");
      } else {
        profile_.Start(model_);
      }
      break;
    case CommandKind::kHelp:
      Send(FormatHelp(line, sizeof(line)));
      break;
    case CommandKind::kVersion:
      Send(FormatBoot(boot_, line, sizeof(line)));
      break;
    case CommandKind::kBadArgument:
      SendError("E21", "bad argument; try: help");
      break;
    default:
      SendError("E20", "unknown command; try: help");
  }
}

void Application::ReportStatistics() {
  const uint32_t uptime_ms = Milliseconds() - started_ms_;
  const uint64_t cycles = static_cast<uint64_t>(uptime_ms) * (boot_.clock_hz / 1000);
  Statistics statistics = {};
  statistics.samples = spotter_.samples();
  statistics.hops = feature_cycles_.count();
  statistics.inferences = inference_cycles_.count();
  statistics.detections = detections_;
  statistics.overruns = Microphone().overruns() - overruns_at_start_;
  statistics.rx_dropped = stm32::SerialRxDropped();
  statistics.tx_dropped = stm32::SerialTxDropped();
  statistics.feature_cycles_avg = feature_cycles_.average();
  statistics.feature_cycles_max = feature_cycles_.max();
  statistics.inference_cycles_avg = inference_cycles_.average();
  statistics.inference_cycles_max = inference_cycles_.max();
  statistics.load_permille =
      cycles == 0 ? 0 : static_cast<uint32_t>(busy_cycles_.sum() * 1000 / cycles);
  statistics.uptime_ms = uptime_ms;
  statistics.audio_errors = AudioErrorCount();
  Send(FormatStatistics(statistics, line, sizeof(line)));
}

void Application::Restart() {
  spotter_.Reset();
  feature_cycles_ = {};
  inference_cycles_ = {};
  busy_cycles_ = {};
  detections_ = 0;
  overruns_at_start_ = Microphone().overruns();
  started_ms_ = Milliseconds();
}

void Application::Supervise() {
  const uint32_t now = Milliseconds();
  if (led_on_ && static_cast<int32_t>(now - led_until_ms_) >= 0) {
    stm32::WritePin(board::kLed, false);
    led_on_ = false;
  }
  WatchStream(now);
  WatchOverruns(now);
  WatchAudioErrors(now);
}

void Application::WatchStream(uint32_t now) {
  if (now - last_hop_ms_ < kStallMs || now - last_stall_ms_ < kRepeatMs) return;
  last_stall_ms_ = now;
  SendError("E11", "no data from the microphone's DMA; restarting the stream");
  StartMicrophone();
}

void Application::WatchOverruns(uint32_t now) {
  const uint32_t overruns = Microphone().overruns();
  if (overruns == reported_overruns_) return;
  if (reported_overruns_ != 0 && now - last_overrun_ms_ < kRepeatMs) return;
  Send(LineWriter(line, sizeof(line), "err")
           .Text("code", "E12")
           .Text("msg", "hops lost: inference takes longer than the audio queue")
           .Unsigned("hops", overruns - reported_overruns_)
           .Unsigned("total", overruns)
           .Finish());
  reported_overruns_ = overruns;
  last_overrun_ms_ = now;
}

void Application::WatchAudioErrors(uint32_t now) {
  const uint32_t errors = AudioErrorCount();
  if (errors == reported_audio_errors_) return;
  if (reported_audio_errors_ != 0 && now - last_audio_error_ms_ < kRepeatMs) return;
  const stm32::AudioErrors detail = stm32::GetAudioErrors();
  Send(LineWriter(line, sizeof(line), "err")
           .Text("code", "E14")
           .Text("msg", "audio transfer errors")
           .Unsigned("dma", detail.dma)
           .Unsigned("i2s", detail.i2s)
           .Finish());
  reported_audio_errors_ = errors;
  last_audio_error_ms_ = now;
}

void Application::SleepUntilWork() {
  // With interrupts off an interrupt between the test and WFI stays pending and WFI returns at
  // once.
  stm32::DisableInterrupts();
  if (Microphone().Front() == nullptr && !stm32::HasReceived()) stm32::WaitForInterrupt();
  stm32::EnableInterrupts();
}

void ReportFatal(const char* code, const char* message) {
  uint32_t next_ms = Milliseconds();
  for (;;) {
    stm32::FeedWatchdog();
    if (static_cast<int32_t>(Milliseconds() - next_ms) >= 0) {
      SendError(code, message);
      next_ms += kRepeatMs;
    }
    stm32::WaitForInterrupt();
  }
}

}  // namespace kws
