#include "stm32f7_app/core/console_protocol.h"

#include <cstring>

#include "stm32f7_app/core/line_writer.h"

namespace kws {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Word {
  const char* text;
  size_t length;

  bool Is(const char* other) const {
    return std::strlen(other) == length && std::memcmp(text, other, length) == 0;
  }
};

// Takes the next blank-separated word off [*begin, end); empty at the end.
Word NextWord(const char** begin, const char* end) {
  while (*begin != end && IsBlank(**begin)) ++*begin;
  const char* start = *begin;
  while (*begin != end && !IsBlank(**begin)) ++*begin;
  return {start, static_cast<size_t>(*begin - start)};
}

// "0.75", ".75", "1", "1.0" -> permille; digits after the third are ignored. False unless the value
// is in (0, 1].
bool ParsePermille(Word word, uint32_t* permille) {
  uint32_t value = 0;
  size_t i = 0;
  size_t digits = 0;
  for (; i < word.length && IsDigit(word.text[i]); ++i, ++digits) {
    value = value * 10 + static_cast<uint32_t>(word.text[i] - '0');
    if (value > 1) return false;
  }
  value *= 1000;
  if (i < word.length && word.text[i] == '.') {
    uint32_t weight = 100;
    for (++i; i < word.length && IsDigit(word.text[i]); ++i, ++digits) {
      value += weight * static_cast<uint32_t>(word.text[i] - '0');
      weight /= 10;
    }
  }
  *permille = value;
  return i == word.length && digits > 0 && value >= 1 && value <= 1000;
}

}  // namespace

size_t FormatBoot(const BootInfo& info, char* line, size_t capacity) {
  return LineWriter(line, capacity, "boot")
      .Text("fw", info.firmware)
      .Text("board", info.board)
      .Text("config", info.config)
      .Text("model", info.model)
      .Unsigned("model_bytes", info.model_bytes)
      .Unsigned("arena_used", info.arena_used)
      .Unsigned("arena_size", info.arena_size)
      .Unsigned("clock", info.clock_hz)
      .List("labels", info.labels, info.n_labels)
      .Unsigned("hop", info.hop_length)
      .Unsigned("hops_per_inference", info.hops_per_inference)
      .Finish();
}

size_t FormatReady(uint32_t sample_rate, uint32_t threshold_permille, char* line, size_t capacity) {
  return LineWriter(line, capacity, "ready")
      .Unsigned("sample_rate", sample_rate)
      .Permille("threshold", threshold_permille)
      .Finish();
}

size_t FormatDetection(const Detection& detection, const char* word, uint32_t cycles, char* line,
                       size_t capacity) {
  return LineWriter(line, capacity, "det")
      .Text("word", word)
      .Permille("score", detection.score_permille)
      .Unsigned("sample", detection.sample)
      .Unsigned("cycles", cycles)
      .Finish();
}

size_t FormatStatistics(const Statistics& statistics, char* line, size_t capacity) {
  return LineWriter(line, capacity, "stats")
      .Unsigned("samples", statistics.samples)
      .Unsigned("hops", statistics.hops)
      .Unsigned("inferences", statistics.inferences)
      .Unsigned("detections", statistics.detections)
      .Unsigned("overruns", statistics.overruns)
      .Unsigned("rx_dropped", statistics.rx_dropped)
      .Unsigned("tx_dropped", statistics.tx_dropped)
      .Unsigned("feat_cycles_avg", statistics.feature_cycles_avg)
      .Unsigned("feat_cycles_max", statistics.feature_cycles_max)
      .Unsigned("infer_cycles_avg", statistics.inference_cycles_avg)
      .Unsigned("infer_cycles_max", statistics.inference_cycles_max)
      .Unsigned("load_permille", statistics.load_permille)
      .Unsigned("uptime_ms", statistics.uptime_ms)
      .Unsigned("audio_errors", statistics.audio_errors)
      .Finish();
}

size_t FormatOperator(const OperatorCycles& cycles, char* line, size_t capacity) {
  return LineWriter(line, capacity, "prof")
      .Unsigned("index", cycles.index)
      .Unsigned("operators", cycles.count)
      .Text("name", cycles.name)
      .Unsigned("cycles", cycles.cycles)
      .Unsigned("total", cycles.total_cycles)
      .Finish();
}

size_t FormatError(const char* code, const char* message, char* line, size_t capacity) {
  return LineWriter(line, capacity, "err").Text("code", code).Text("msg", message).Finish();
}

size_t FormatOk(const char* command, char* line, size_t capacity) {
  return LineWriter(line, capacity, "ok").Text("command", command).Finish();
}

size_t FormatThreshold(uint32_t threshold_permille, char* line, size_t capacity) {
  return LineWriter(line, capacity, "ok")
      .Text("command", "threshold")
      .Permille("threshold", threshold_permille)
      .Finish();
}

size_t FormatHelp(char* line, size_t capacity) {
  return LineWriter(line, capacity, "help")
      .Text("commands", "stats | profile | reset | threshold 0.75 | version | help")
      .Finish();
}

Command ParseCommand(const char* line, size_t length) {
  const char* cursor = line;
  const char* end = line + length;
  const Word verb = NextWord(&cursor, end);
  const Word argument = NextWord(&cursor, end);
  const bool superfluous = NextWord(&cursor, end).length != 0;

  if (verb.length == 0) return {CommandKind::kNone, 0};
  if (verb.Is("threshold")) {
    uint32_t permille = 0;
    if (superfluous || !ParsePermille(argument, &permille)) return {CommandKind::kBadArgument, 0};
    return {CommandKind::kThreshold, permille};
  }
  CommandKind kind = CommandKind::kUnknown;
  if (verb.Is("stats")) kind = CommandKind::kStats;
  if (verb.Is("reset")) kind = CommandKind::kReset;
  if (verb.Is("help")) kind = CommandKind::kHelp;
  if (verb.Is("version")) kind = CommandKind::kVersion;
  if (verb.Is("profile")) kind = CommandKind::kProfile;
  if (kind != CommandKind::kUnknown && argument.length != 0) kind = CommandKind::kBadArgument;
  return {kind, 0};
}

bool CommandReader::Push(char c, Command* command) {
  if (c != '\n' && c != '\r') {
    if (length_ == kMaxCommandBytes) {
      too_long_ = true;
    } else {
      line_[length_++] = c;
    }
    return false;
  }
  *command = too_long_ ? Command{CommandKind::kUnknown, 0} : ParseCommand(line_, length_);
  length_ = 0;
  too_long_ = false;
  return command->kind != CommandKind::kNone;
}

}  // namespace kws
