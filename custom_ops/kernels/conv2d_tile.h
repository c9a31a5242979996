// Conv2dM7's view of the input: the receptive fields of some output positions as int16, zero point
// subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
#define CUSTOM_OPS_KERNELS_CONV2D_TILE_H_

#include <cstdint>

#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv2d_groups.h"

namespace kws {

struct TileShape {
  int32_t terms;   // products of one sum
  int32_t pairs;   // words of two int16 that hold them, a multiple of kPairStep
  int32_t groups;  // of kPositions positions

  TileShape(const ConvDims& dims, const FilterDims& filter);

  int32_t group_words() const { return pairs * kPositions; }
  int32_t weight_words() const { return pairs * kChannels; }
};

// Fills one position of a group: words [pairs][kPositions]. Four values make two words, in the
// order in which SXTB16 splits four bytes: (0, 2) and (1, 3).
class PositionFiller {
 public:
  PositionFiller(uint32_t* words, int32_t zero_point)
      : words_(words),
        zero_points_(static_cast<uint8_t>(zero_point) * 0x01010101u),
        negated_(PackHalves(-zero_point, -zero_point)) {}

  // The next `n` values.
  void Copy(const int8_t* source, int32_t n) {
    if (bits_ == 0) {
      for (; n >= 4; n -= 4, source += 4) Put(LoadWord(source));
    }
    for (; n > 0; n -= 4, source += 4) Append(LoadBytes(source, n), n < 4 ? n : 4);
  }

  // The next rows * n values, `step` bytes from row to row; only while a multiple of 4 are there,
  // and n is one.
  void CopyRows(const int8_t* source, int32_t rows, int32_t n, int32_t step) {
    for (; rows > 0; --rows, source += step) {
      const int8_t* from = source;
      int32_t left = n;
      for (; left >= 16; left -= 16, from += 16) {
        Put(LoadWord(from));
        Put(LoadWord(from + 4));
        Put(LoadWord(from + 8));
        Put(LoadWord(from + 12));
      }
      for (; left > 0; left -= 4, from += 4) Put(LoadWord(from));
    }
  }

  // The next `n` values are 0.
  void Zero(int32_t n) {
    for (; n >= 4; n -= 4) Append(zero_points_, 4);
    if (n > 0) Append(zero_points_ >> (32 - 8 * n), n);
  }

 private:
  void Put(uint32_t bytes) {
    words_[0] = AddEvenBytes(negated_, bytes);
    words_[kPositions] = AddOddBytes(negated_, bytes);
    words_ += 2 * kPositions;
  }

  // The low `n` (1 to 4) bytes of a word whose others are 0.
  void Append(uint32_t bytes, int32_t n) {
    const uint32_t word = pending_ | bytes << bits_;
    const int32_t bits = bits_ + 8 * n;
    if (bits < 32) {
      pending_ = word;
      bits_ = bits;
      return;
    }
    Put(word);
    pending_ = bytes >> (31 - bits_) >> 1;
    bits_ = bits - 32;
  }

  uint32_t* words_;
  uint32_t zero_points_, negated_;
  uint32_t pending_ = 0;  // bytes that do not make a word yet
  int32_t bits_ = 0;
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
