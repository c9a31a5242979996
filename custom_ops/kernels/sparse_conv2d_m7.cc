// Eight output positions at a time: their receptive fields are expanded once to int16 pairs, then
// every output channel walks its stored blocks (sparse_conv2d_tile.h). A 1x1 convolution and a
// strided, dilated, padded one differ only in how the tile is filled.
#include "custom_ops/kernels/activation_tile.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

size_t SparseConv2dM7ScratchBytes(const BlockSparseConv& weights) {
  return SparseTileBytes(weights) + SparseTilePlanBytes(weights) +
         TileFiller::ScratchBytes(weights);
}

void SparseConv2dM7(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                    bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                    void* scratch) {
  uint32_t* tile = static_cast<uint32_t*>(scratch);
  uint32_t* plan = tile + SparseTileBytes(w) / sizeof(uint32_t);
  const SparseTiles tiles = PlanSparseTiles(w, params, narrow, bias, plan);
  const TileFiller filler(w, dims, params, narrow,
                          plan + SparseTilePlanBytes(w) / sizeof(uint32_t));
  const int32_t positions = dims.out_h * dims.out_w;
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t first = 0; first < positions; first += kTile) {
      int32_t count = positions - first;
      if (count < kTile && positions >= kTile && !ShortSparseTilePays(tiles, count)) {
        first = positions - kTile;
      }
      count = positions - first < kTile ? positions - first : kTile;
      filler.Fill(input, first, count, tile);
      RunSparseTile(tiles, tile, count, output + first * dims.out_channels);
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
    output += positions * dims.out_channels;
  }
}

}  // namespace kws
