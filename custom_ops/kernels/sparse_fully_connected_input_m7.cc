#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_fully_connected_input.h"

namespace kws {
namespace {

struct Quad {
  uint32_t even, odd;
};

inline Quad Expand(uint32_t bytes, uint32_t negated) {
  return {AddEvenBytes(negated, bytes), AddOddBytes(negated, bytes)};
}

inline Quad ExpandTail(const int8_t* input, int32_t left, int32_t zero_point) {
  int32_t x[4] = {};
  for (int32_t i = 0; i < left; ++i) x[i] = input[i] - zero_point;
  return {PackHalves(x[0], x[2]), PackHalves(x[1], x[3])};
}

struct InQuads {
  static void Store(uint32_t* words, Quad quad) {
    words[0] = quad.even;
    words[1] = quad.odd;
  }
};

struct InOrder {
  static void Store(uint32_t* words, Quad quad) {
    words[0] = PackLowHalves(quad.even, quad.odd);
    words[1] = PackHighHalves(quad.even, quad.odd);
  }
};

// `padded` is a multiple of four.
template <typename Order>
void ExpandAll(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
               uint32_t* words) {
  const uint32_t negated = PackHalves(-zero_point, -zero_point);
  int32_t i = 0;
  // Loads before stores: the compiler must take them for the same memory.
  for (; i + 16 <= depth; i += 16, words += 8) {
    uint32_t bytes[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) bytes[j] = LoadWord(input + i + 4 * j);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) Order::Store(words + 2 * j, Expand(bytes[j], negated));
  }
  for (; i + 4 <= depth; i += 4, words += 2) {
    Order::Store(words, Expand(LoadWord(input + i), negated));
  }
  for (; i < padded; i += 4, words += 2) {
    Order::Store(words, ExpandTail(input + i, depth - i, zero_point));
  }
}

}  // namespace

void ExpandToQuads(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
                   uint32_t* words) {
  ExpandAll<InQuads>(input, depth, zero_point, padded, words);
}

void ExpandInOrder(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
                   uint32_t* words) {
  ExpandAll<InOrder>(input, depth, zero_point, (padded + 3) / 4 * 4, words);
}

}  // namespace kws
