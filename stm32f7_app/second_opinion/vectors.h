// The vectors that are linked into the image, little-endian, every part aligned to 16 bytes:
//   header   magic "KWSV", models, clips, 0 (uint32 each)
//   a model  model bytes, inputs, bytes of an input, 0; the .tflite; the inputs one after the other
//   a clip   samples, 0, 0, 0; int16 samples
#ifndef KWS_STM32F7_APP_SECOND_OPINION_VECTORS_H_
#define KWS_STM32F7_APP_SECOND_OPINION_VECTORS_H_

#include <cstddef>
#include <cstdint>

extern "C" const uint8_t kVectors[];

namespace kws {

inline constexpr uint32_t kVectorsMagic = 0x5653574B;

class VectorReader {
 public:
  explicit VectorReader(const uint8_t* vectors) : next_(vectors) {}

  // Four words.
  const uint32_t* Words() { return reinterpret_cast<const uint32_t*>(Bytes(16)); }

  const uint8_t* Bytes(size_t bytes) {
    const uint8_t* part = next_;
    next_ += (bytes + 15) / 16 * 16;
    return part;
  }

 private:
  const uint8_t* next_;
};

// Computes the next model's operators for each of its inputs; false, with an "error" line, when
// TFLM refuses the model.
bool RunModel(uint32_t index, VectorReader& reader);

// Computes the feature columns of the next clip.
void RunClip(uint32_t index, VectorReader& reader);

}  // namespace kws

#endif  // KWS_STM32F7_APP_SECOND_OPINION_VECTORS_H_
