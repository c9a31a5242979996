// What `kws-tflm bench ops` writes into a copy of the image: models, in flash, as a firmware has
// its own. Python twin: kws_tflm/bench/ops/blob.py.
#pragma once

#include <cstdint>

namespace kws {

struct BlobModel {
  const uint8_t* data;  // a .tflite, 32-byte aligned
  uint32_t bytes;
};

struct BlobHeader {
  uint32_t n_models;
  const BlobModel* models;
};

inline constexpr uint32_t kModelBlobBytes = 1280 * 1024;

}  // namespace kws

// Starts with a BlobHeader; all zero in the image that is built: no models.
extern "C" const uint8_t kws_model_blob[kws::kModelBlobBytes];
