// Fills the tiles of RunSparseTile: the receptive fields of up to eight output positions as int16,
// zero point subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
#define CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_

#include <cstdint>

#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

// Receptive fields that are not consecutive bytes of the input are first put together in scratch.
class TileFiller {
 public:
  static size_t ScratchBytes(const BlockSparseConv& weights);

  // `scratch` has ScratchBytes(weights); the arguments must outlive the filler.
  TileFiller(const BlockSparseConv& weights, const ConvDims& dims, const ConvParams& params,
             bool narrow, void* scratch);

  // Lanes [0, count) from output positions [first, first + count) of the batch at `input`.
  void Fill(const int8_t* input, int32_t first, int32_t count, uint32_t* tile) const;

 private:
  void FillDirect(const int8_t* input, int32_t first, int32_t count, uint32_t* tile) const;
  // The receptive field whose first tap is at (y, x) of the input, into `lane`.
  void ExpandRowsOfFour(const int8_t* input, int32_t y, int32_t x, int32_t lane,
                        uint32_t* tile) const;
  // Copies the receptive field whose first tap is at (y, x) of the input to `to`.
  void Gather(const int8_t* input, int32_t y, int32_t x, int8_t* to) const;
  // Expands TileColumns() bytes into `lane`; in layout kSingle, and if `second` is not null, those
  // into the next lane.
  void Expand(const int8_t* source, const int8_t* second, int32_t lane, uint32_t* tile) const;

  const BlockSparseConv& w_;
  const ConvDims& dims_;
  const ConvParams& params_;
  bool narrow_;
  bool direct_;  // a receptive field is consecutive bytes of the input
  int8_t* memory_;
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
