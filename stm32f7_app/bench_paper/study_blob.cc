#include "stm32f7_app/bench_paper/study_blob.h"

extern "C" {
alignas(32) extern const uint8_t kws_study_blob[kws::kStudyBlobBytes] = {};
}
