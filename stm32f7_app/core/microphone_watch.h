// Notices a microphone that is not connected: its data line gives one constant value.
#pragma once

#include <cstdint>

namespace kws {

class MicrophoneWatch {
 public:
  // Silent means: `limit_samples` equal samples in a row. A working microphone has noise.
  explicit MicrophoneWatch(uint32_t limit_samples) : limit_(limit_samples) {}

  // Takes `count` new samples. True when the run of equal samples has just reached the limit, and
  // again each time it grows by another limit.
  bool Update(const int16_t* samples, uint32_t count) {
    bool silent = false;
    for (uint32_t i = 0; i < count; ++i) {
      run_ = started_ && samples[i] == last_ ? run_ + 1 : 1;
      last_ = samples[i];
      started_ = true;
      if (run_ >= limit_) {
        silent = true;
        run_ = 0;
      }
    }
    return silent;
  }

 private:
  uint32_t limit_;
  uint32_t run_ = 0;
  int16_t last_ = 0;
  bool started_ = false;
};

}  // namespace kws
