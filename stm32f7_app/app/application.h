// The main loop: hops, inferences, detections, commands, supervision.
#pragma once

#include <cstdint>

#include "stm32f7_app/app/profile_report.h"
#include "stm32f7_app/app/profiled_model.h"
#include "stm32f7_app/core/console_protocol.h"
#include "stm32f7_app/core/detector.h"
#include "stm32f7_app/core/microphone_watch.h"
#include "stm32f7_app/core/spotter.h"

namespace kws {

// Count, sum and maximum of cycle measurements.
class CycleMeter {
 public:
  void Add(uint32_t cycles) {
    ++count_;
    sum_ += cycles;
    if (cycles > max_) max_ = cycles;
  }
  uint32_t count() const { return count_; }
  uint32_t max() const { return max_; }
  uint32_t average() const { return count_ == 0 ? 0 : static_cast<uint32_t>(sum_ / count_); }
  uint64_t sum() const { return sum_; }

 private:
  uint32_t count_ = 0;
  uint32_t max_ = 0;
  uint64_t sum_ = 0;
};

class Application {
 public:
  // Keeps the references; `model` is the spotter's. `boot` is printed again on the command
  // `version`.
  Application(Spotter& spotter, Detector& detector, const ProfiledModel& model,
              const BootInfo& boot);

  // Announces itself, starts the microphone, never returns.
  [[noreturn]] void Run();

 private:
  void ProcessHop();
  void Report(const Detection& detection, uint32_t cycles);
  void ReadCommands();
  void Execute(const Command& command);
  void ReportStatistics();
  void Restart();
  void Supervise();
  void WatchStream(uint32_t now);
  void WatchOverruns(uint32_t now);
  void WatchAudioErrors(uint32_t now);
  void SleepUntilWork();

  Spotter& spotter_;
  Detector& detector_;
  const ProfiledModel& model_;
  BootInfo boot_;
  CommandReader commands_;
  MicrophoneWatch microphone_watch_;
  ProfileReport profile_;

  CycleMeter feature_cycles_;
  CycleMeter inference_cycles_;
  CycleMeter busy_cycles_;
  uint32_t detections_ = 0;
  uint32_t started_ms_ = 0;
  uint32_t overruns_at_start_ = 0;

  uint32_t next_sequence_ = 0;  // of the hop expected next
  uint32_t last_hop_ms_ = 0;
  uint32_t last_stall_ms_ = 0;
  uint32_t led_until_ms_ = 0;
  bool led_on_ = false;
  uint32_t reported_overruns_ = 0;
  uint32_t last_overrun_ms_ = 0;
  uint32_t reported_audio_errors_ = 0;
  uint32_t last_audio_error_ms_ = 0;
};

// Repeats an error line every 2 s for ever, the watchdog fed.
[[noreturn]] void ReportFatal(const char* code, const char* message);

}  // namespace kws
