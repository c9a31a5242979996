// Eight output positions at a time: their receptive fields are expanded once to int16 pairs, then
// every output channel walks its stored blocks (sparse_conv2d_tile.h). A 1x1 convolution and a
// strided, dilated, padded one differ only in how the tile is filled.
#include "custom_ops/kernels/activation_tile.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

size_t SparseConv2dM7ScratchBytes(const BlockSparseConv& weights) {
  return SparseTileBytes(weights);
}

void SparseConv2dM7(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                    bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                    void* scratch) {
  uint32_t* tile = static_cast<uint32_t*>(scratch);
  const TileFiller filler(w, dims, params, narrow, tile);
  const int32_t positions = dims.out_h * dims.out_w;
  for (int32_t n = 0; n < dims.batches; ++n) {
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t first = 0; first < positions; first += kTile) {
      const int32_t left = positions - first;
      const int32_t count = left < kTile ? left : kTile;
      for (int32_t lane = 0; lane < count; ++lane) {
        filler.Fill(input, y, x, lane);
        if (++x == dims.out_w) {
          x = 0;
          ++y;
        }
      }
      RunSparseTile(w, params, narrow, tile, bias, count, output);
      output += count * dims.out_channels;
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
  }
}

}  // namespace kws
