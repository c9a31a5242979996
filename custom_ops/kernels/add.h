// int8 ADD.
#ifndef CUSTOM_OPS_KERNELS_ADD_H_
#define CUSTOM_OPS_KERNELS_ADD_H_

#include <cstdint>

namespace kws {

// Scale of one input over twice the larger scale of both, as TFLite's QuantizeMultiplier gives it:
// multiplier * 2^(shift - 31), at most 1/2.
struct AddInput {
  int32_t zero_point, multiplier, shift;
};

// `output_multiplier` and `output_shift`: twice the larger input scale, over 2^20 times the
// output's; below 1.
struct AddParams {
  AddInput a, b;
  int32_t output_zero_point, output_multiplier, output_shift;
  int32_t activation_min, activation_max;  // within int8
};

// Values of a sum along up to four dimensions, and the distance of neighbours in each input: 0
// where it has one value for all. The output is dense.
struct AddDims {
  static constexpr int kRank = 4;
  int32_t size[kRank], stride_a[kRank], stride_b[kRank];

  int32_t Count() const { return size[0] * size[1] * size[2] * size[3]; }
};

// Calls `add(a, b, output)` for each run of size[3] outputs.
template <typename AddRuns>
void ForEachAddRun(const AddDims& d, const int8_t* a, const int8_t* b, int8_t* output,
                   AddRuns add) {
  for (int32_t n = 0; n < d.size[0]; ++n) {
    for (int32_t y = 0; y < d.size[1]; ++y) {
      for (int32_t x = 0; x < d.size[2]; ++x, output += d.size[3]) {
        add(a + n * d.stride_a[0] + y * d.stride_a[1] + x * d.stride_a[2],
            b + n * d.stride_b[0] + y * d.stride_b[1] + x * d.stride_b[2], output);
      }
    }
  }
}

// Of the scratch that AddM7 takes; 0 for small sums.
uint32_t AddM7ScratchBytes(const AddParams& params, const AddDims& dims);

// output = clamp(requantise(rescale(a - zero point) + rescale(b - zero point)) + zero point), where
// the rescaled inputs have 20 more binary digits and all three steps TFLite's double rounding. The
// same bytes as TFLite's int8 reference ADD. `scratch` is 4-byte aligned. `output` may be one of
// the inputs if that one is as large as it.
void AddM7(const AddParams& params, const AddDims& dims, const int8_t* a, const int8_t* b,
           int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_ADD_H_
