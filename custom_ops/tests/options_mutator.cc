#include "custom_ops/tests/mutation_values.h"

namespace kws::fuzz {
namespace {

template <typename Options>
void MutateWindow(Options& options, Random& random) {
  switch (random.Below(4)) {
    case 0:
      options.padding = static_cast<tflite::Padding>(random.Below(2));
      return;
    case 1:
      options.stride_h = Pick(kSides, random);
      return;
    case 2:
      options.stride_w = Pick(kSides, random);
      return;
    default:
      options.fused_activation_function = static_cast<tflite::ActivationFunctionType>(
          random.Below(tflite::ActivationFunctionType_MAX + 1));
  }
}

template <typename Options>
void MutateConvolution(Options& options, Random& random) {
  if (random.Chance(3)) {
    (random.Chance(2) ? options.dilation_h_factor : options.dilation_w_factor) =
        Pick(kSides, random);
    return;
  }
  MutateWindow(options, random);
}

}  // namespace

void MutateOptions(tflite::OperatorT& op, Random& random) {
  if (random.Chance(16)) {
    op.builtin_options.Reset();
    return;
  }
  if (auto* conv = op.builtin_options.AsConv2DOptions()) {
    MutateConvolution(*conv, random);
  } else if (auto* depthwise = op.builtin_options.AsDepthwiseConv2DOptions()) {
    if (random.Chance(4)) depthwise->depth_multiplier = Pick(kSides, random);
    MutateConvolution(*depthwise, random);
  } else if (auto* pool = op.builtin_options.AsPool2DOptions()) {
    if (random.Chance(3)) {
      (random.Chance(2) ? pool->filter_height : pool->filter_width) = Pick(kSides, random);
    }
    MutateWindow(*pool, random);
  } else if (auto* connected = op.builtin_options.AsFullyConnectedOptions()) {
    connected->fused_activation_function = static_cast<tflite::ActivationFunctionType>(
        random.Below(tflite::ActivationFunctionType_MAX + 1));
    connected->keep_num_dims = random.Chance(2);
  } else if (auto* softmax = op.builtin_options.AsSoftmaxOptions()) {
    softmax->beta = Pick(kScales, random);
  } else {
    op.custom_options.resize(random.Below(9), static_cast<uint8_t>(random.Below(256)));
  }
}

}  // namespace kws::fuzz
