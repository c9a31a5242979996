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

inline Quad ExpandTail(const int8_t* input, int32_t left, uint32_t negated) {
  int32_t x[4] = {};
  for (int32_t i = 0; i < left; ++i) x[i] = input[i] + LowHalf(negated);
  return {PackHalves(x[0], x[2]), PackHalves(x[1], x[3])};
}

struct InQuads {
  static void Store(uint32_t* words, Quad quad) {
    words[0] = quad.even;
    words[1] = quad.odd;
  }

  // Four quads, `turns` times.
  static void StoreMany(const int8_t*& input, uint32_t*& words, uint32_t turns, uint32_t negated) {
#if KWS_DSP_NATIVE
    // Eleven cycles a turn.
    uint32_t a, b, c, d;
    // clang-format off
#define KWS_EXPAND(from, result)                        \
        "sxtab16 " result ", %[negated], " from "\n"    \
        "str " result ", [%[words]], #4\n"              \
        "sxtab16 " from ", %[negated], " from ", ror #8\n" \
        "str " from ", [%[words]], #4\n"
    asm volatile(
        "ldr %[a], [%[input]], #4\n"
        "ldr %[b], [%[input]], #4\n"
        ".p2align 3\n"
        "1:\n"
        "subs %[turns], #1\n"
        "ldr %[c], [%[input]], #4\n"
        KWS_EXPAND("%[a]", "%[d]")
        "ldr %[d], [%[input]], #4\n"
        KWS_EXPAND("%[b]", "%[a]")
        "it ne\n"
        "ldrne %[a], [%[input]], #4\n"
        KWS_EXPAND("%[c]", "%[b]")
        "it ne\n"
        "ldrne %[b], [%[input]], #4\n"
        KWS_EXPAND("%[d]", "%[c]")
        "bne 1b\n"
        : [input] "+r"(input), [words] "+r"(words), [turns] "+r"(turns), [a] "=&r"(a),
          [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)
        : [negated] "r"(negated)
        : "cc", "memory");
#undef KWS_EXPAND
// clang-format on
#else
    for (; turns != 0; --turns, input += 16, words += 8) {
      for (int i = 0; i < 4; ++i) Store(words + 2 * i, Expand(LoadWord(input + 4 * i), negated));
    }
#endif
  }
};

struct InOrder {
  static void Store(uint32_t* words, Quad quad) {
    words[0] = PackLowHalves(quad.even, quad.odd);
    words[1] = PackHighHalves(quad.even, quad.odd);
  }

  static void StoreMany(const int8_t*& input, uint32_t*& words, uint32_t turns, uint32_t negated) {
    // Loads before stores: the compiler must take them for the same memory.
    for (; turns != 0; --turns, input += 16, words += 8) {
      uint32_t bytes[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) bytes[i] = LoadWord(input + 4 * i);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) Store(words + 2 * i, Expand(bytes[i], negated));
    }
  }
};

// What does not fill a turn. Not inlined: few layers have that.
template <typename Order>
[[gnu::noinline]] void ExpandRest(const int8_t* input, int32_t depth, int32_t padded,
                                  uint32_t negated, uint32_t* words) {
  for (; padded > 0; depth -= 4, padded -= 4, input += 4, words += 2) {
    if (depth >= 4) {
      Order::Store(words, Expand(LoadWord(input), negated));
    } else {
      Order::Store(words, ExpandTail(input, depth, negated));
    }
  }
}

// `padded` is a multiple of four.
template <typename Order>
void ExpandAll(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
               uint32_t* words) {
  const uint32_t negated = PackHalves(-zero_point, -zero_point);
  const uint32_t turns = static_cast<uint32_t>(depth) / 16;
  if (turns != 0) Order::StoreMany(input, words, turns, negated);
  const int32_t done = static_cast<int32_t>(16 * turns);
  if (done != padded) ExpandRest<Order>(input, depth - done, padded - done, negated, words);
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
