// What `kws-tflm bench paper` writes into a copy of the image: calls of custom_ops/paper_study with
// their tensors, in flash, as a firmware has its weights. Python twin:
// kws_tflm/bench/paper/blob.py.
#pragma once

#include <cstdint>

#include "custom_ops/paper_study/c_api.h"

namespace kws {

struct StudyJob {
  KwsStudyCall call;  // input, sums and output are in RAM: input says where in flash to copy from
  uint32_t input_bytes;
};

struct StudyHeader {
  uint32_t n_jobs;
  const StudyJob* jobs;
};

inline constexpr uint32_t kStudyBlobBytes = 1800 * 1024;
inline constexpr uint32_t kStudyInputBytes = 8192;
inline constexpr uint32_t kStudyOutputBytes = 8192;
inline constexpr uint32_t kStudySums = 256;

}  // namespace kws

// Starts with a StudyHeader; all zero in the image that is built: no jobs.
extern "C" const uint8_t kws_study_blob[kws::kStudyBlobBytes];
