#include "stm32f7_app/bench_ops/model_blob.h"

extern "C" {
alignas(32) extern const uint8_t kws_model_blob[kws::kModelBlobBytes] = {};
}
