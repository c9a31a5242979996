// The console's messages and commands, version 1 (docs/console.md). No port, no clock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stm32f7_app/core/detector.h"

namespace kws {

// Room for the longest line: a banner with 64 long labels.
constexpr size_t kMaxLineBytes = 1024;

struct BootInfo {
  const char* firmware;  // version
  const char* board;
  const char* config;  // configuration hash
  const char* model;   // name-hash
  uint32_t model_bytes;
  uint32_t arena_used;
  uint32_t arena_size;
  uint32_t clock_hz;
  const char* const* labels;
  size_t n_labels;
  uint32_t hop_length;  // samples
  uint32_t hops_per_inference;
};

struct Statistics {
  uint64_t samples;  // microphone samples since the start, lost ones included
  uint32_t hops;
  uint32_t inferences;
  uint32_t detections;
  uint32_t overruns;    // hops lost because the main loop was late
  uint32_t rx_dropped;  // command bytes lost
  uint32_t tx_dropped;  // lines lost because the serial port was slower than the board
  uint32_t feature_cycles_avg;
  uint32_t feature_cycles_max;
  uint32_t inference_cycles_avg;
  uint32_t inference_cycles_max;
  uint32_t load_permille;  // of the core's time
  uint32_t uptime_ms;
  uint32_t audio_errors;  // DMA and I2S error flags seen
};

// One operator of the last inference.
struct OperatorCycles {
  uint32_t index;  // in the model's order
  uint32_t count;  // operators of the model
  const char* name;
  uint32_t cycles;
  uint32_t total_cycles;  // of the whole inference
};

// Each writes one line into `line` (capacity bytes) and returns its length, 0 if it does not fit.
size_t FormatBoot(const BootInfo& info, char* line, size_t capacity);
size_t FormatReady(uint32_t sample_rate, uint32_t threshold_permille, char* line, size_t capacity);
size_t FormatDetection(const Detection& detection, const char* word, uint32_t cycles, char* line,
                       size_t capacity);
size_t FormatStatistics(const Statistics& statistics, char* line, size_t capacity);
size_t FormatOperator(const OperatorCycles& cycles, char* line, size_t capacity);
size_t FormatError(const char* code, const char* message, char* line, size_t capacity);
size_t FormatOk(const char* command, char* line, size_t capacity);
size_t FormatThreshold(uint32_t threshold_permille, char* line, size_t capacity);
size_t FormatHelp(char* line, size_t capacity);

enum class CommandKind : uint8_t {
  kNone,  // an empty line
  kStats,
  kReset,
  kThreshold,
  kHelp,
  kVersion,
  kProfile,
  kUnknown,
  kBadArgument,  // a known command with a missing, malformed or superfluous argument
};

struct Command {
  CommandKind kind;
  uint32_t threshold_permille;  // kThreshold: 1 to 1000
};

// Reads a command line without its line end; leading and trailing blanks do not matter.
Command ParseCommand(const char* line, size_t length);

// Joins received bytes into command lines. A line ends at \n or \r; one that is longer than the
// buffer is dropped as a whole and read as unknown.
class CommandReader {
 public:
  static constexpr size_t kMaxCommandBytes = 64;

  // Takes one byte; true when it completed a line, whose command is then in `command`.
  bool Push(char c, Command* command);

 private:
  char line_[kMaxCommandBytes];
  size_t length_ = 0;
  bool too_long_ = false;
};

}  // namespace kws
