// C functions over the portable core, for ctypes. Built by tests/core/conftest.py.
#include <cstring>
#include <new>

#include "custom_ops/tflm/register.h"
#include "stm32f7_app/core/console_protocol.h"
#include "stm32f7_app/core/crc32.h"
#include "stm32f7_app/core/detector.h"
#include "stm32f7_app/core/line_writer.h"
#include "stm32f7_app/core/microphone_watch.h"
#include "stm32f7_app/core/ring_buffer.h"
#include "stm32f7_app/core/tap.h"
#include "stm32f7_app/core/tflm_model.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

using namespace kws;

namespace {

using TestByteRing = ByteRing<16>;
using TestHopQueue = HopQueue<4, 8>;
using Resolver = tflite::MicroMutableOpResolver<8>;

struct LoadedModel {
  Resolver resolver;
  TflmModel model;
};

}  // namespace

extern "C" {

void kws_tap(uint32_t, const void*, uint32_t) {}
void DebugLog(const char*) {}

// Detector
void* detector_new(int32_t n_classes, uint64_t keyword_mask, int32_t smoothing,
                   uint32_t threshold_permille, uint64_t refractory_samples) {
  const DetectorSettings settings = {n_classes, keyword_mask, smoothing, threshold_permille,
                                     refractory_samples};
  return Detector::Valid(settings) ? new Detector(settings) : nullptr;
}
void detector_free(void* detector) { delete static_cast<Detector*>(detector); }
void detector_reset(void* detector) { static_cast<Detector*>(detector)->Reset(); }
uint32_t detector_set_threshold(void* detector, uint32_t permille) {
  static_cast<Detector*>(detector)->set_threshold_permille(permille);
  return static_cast<Detector*>(detector)->threshold_permille();
}
bool detector_update(void* detector, const int8_t* scores, uint64_t sample, Detection* detection) {
  return static_cast<Detector*>(detector)->Update(scores, sample, detection);
}

// Console
size_t write_line(char* line, size_t capacity, const char* type, const char* text, uint64_t number,
                  uint32_t permille, uint32_t hex, const char* const* list, size_t count) {
  return LineWriter(line, capacity, type)
      .Text("text", text)
      .Unsigned("number", number)
      .Permille("permille", permille)
      .Hex("hex", hex)
      .List("list", list, count)
      .Finish();
}
size_t format_boot(const BootInfo* info, char* line, size_t capacity) {
  return FormatBoot(*info, line, capacity);
}
size_t format_statistics(const Statistics* statistics, char* line, size_t capacity) {
  return FormatStatistics(*statistics, line, capacity);
}
size_t format_detection(const Detection* detection, const char* word, uint32_t cycles, char* line,
                        size_t capacity) {
  return FormatDetection(*detection, word, cycles, line, capacity);
}
size_t format_error(const char* code, const char* message, char* line, size_t capacity) {
  return FormatError(code, message, line, capacity);
}
uint32_t parse_command(const char* line, size_t length, uint32_t* permille) {
  const Command command = ParseCommand(line, length);
  *permille = command.threshold_permille;
  return static_cast<uint32_t>(command.kind);
}
void* reader_new() { return new CommandReader; }
void reader_free(void* reader) { delete static_cast<CommandReader*>(reader); }
// The kind of the command that `c` completed, or -1.
int32_t reader_push(void* reader, char c) {
  Command command;
  return static_cast<CommandReader*>(reader)->Push(c, &command) ? static_cast<int32_t>(command.kind)
                                                                : -1;
}

// Queues
void* ring_new() { return new TestByteRing; }
void ring_free(void* ring) { delete static_cast<TestByteRing*>(ring); }
bool ring_push(void* ring, const char* data, uint32_t count) {
  return static_cast<TestByteRing*>(ring)->Push(data, count);
}
int32_t ring_pop(void* ring) {
  char c;
  return static_cast<TestByteRing*>(ring)->Pop(&c) ? static_cast<uint8_t>(c) : -1;
}
uint32_t ring_free_bytes(void* ring) { return static_cast<TestByteRing*>(ring)->Free(); }
void* hops_new() { return new TestHopQueue; }
void hops_free(void* queue) { delete static_cast<TestHopQueue*>(queue); }
bool hops_push(void* queue, int16_t value) {
  int16_t* hop = static_cast<TestHopQueue*>(queue)->Begin();
  if (hop == nullptr) return false;
  for (int i = 0; i < 4; ++i) hop[i] = static_cast<int16_t>(value + i);
  static_cast<TestHopQueue*>(queue)->Commit();
  return true;
}
// Sequence number of the oldest hop, or -1; its samples go to `samples`.
int64_t hops_pop(void* queue, int16_t* samples) {
  const auto* hop = static_cast<TestHopQueue*>(queue)->Front();
  if (hop == nullptr) return -1;
  std::memcpy(samples, hop->samples, sizeof(hop->samples));
  const int64_t sequence = hop->sequence;
  static_cast<TestHopQueue*>(queue)->Pop();
  return sequence;
}
uint32_t hops_overruns(void* queue) { return static_cast<TestHopQueue*>(queue)->overruns(); }

// Microphone
void* watch_new(uint32_t limit) { return new MicrophoneWatch(limit); }
void watch_free(void* watch) { delete static_cast<MicrophoneWatch*>(watch); }
bool watch_update(void* watch, const int16_t* samples, uint32_t count) {
  return static_cast<MicrophoneWatch*>(watch)->Update(samples, count);
}

uint32_t crc32(const uint8_t* data, size_t bytes) { return Crc32(data, bytes); }

// Model. `operators`: bit 0 FULLY_CONNECTED, bit 1 SOFTMAX, bit 2 the sparse convolution.
void* model_new(uint32_t operators) {
  auto* loaded = new LoadedModel;
  if (operators & 1) {
    loaded->resolver.AddBuiltin(tflite::BuiltinOperator_FULLY_CONNECTED,
                                tflite::ops::micro::Register_FULLY_CONNECTED(), 0);
  }
  if (operators & 2) {
    loaded->resolver.AddBuiltin(tflite::BuiltinOperator_SOFTMAX,
                                tflite::ops::micro::Register_SOFTMAX(), 0);
  }
  if (operators & 4) {
    loaded->resolver.AddCustom(kSparseConv2dName, Register_SPARSE_CONV_2D(), kSparseConv2dVersion);
  }
  return loaded;
}
void model_free(void* model) { delete static_cast<LoadedModel*>(model); }
const char* model_load(void* model, const uint8_t* data, size_t bytes, uint8_t* arena,
                       size_t arena_bytes, int32_t n_frames, int32_t n_features,
                       int32_t n_classes) {
  auto* loaded = static_cast<LoadedModel*>(model);
  return ErrorCode(loaded->model.Load(data, bytes, loaded->resolver, arena, arena_bytes,
                                      {n_frames, n_features, n_classes}));
}
const char* model_message(void* model) { return static_cast<LoadedModel*>(model)->model.message(); }
size_t model_arena_used(void* model) {
  return static_cast<LoadedModel*>(model)->model.arena_used();
}
bool model_invoke(void* model, const int8_t* input, int8_t* output) {
  TflmModel& tflm = static_cast<LoadedModel*>(model)->model;
  std::memcpy(tflm.input(), input, tflm.input_bytes());
  if (!tflm.Invoke()) return false;
  std::memcpy(output, tflm.output(), tflm.output_bytes());
  return true;
}
}
