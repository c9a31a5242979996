// What Prepare reads from the nodes of the built-in operators, for every kernel that serves them.
// Each function checks types, shapes and quantisation, and refuses in one line what it cannot take.
#ifndef CUSTOM_OPS_TFLM_DENSE_NODES_H_
#define CUSTOM_OPS_TFLM_DENSE_NODES_H_

#include "custom_ops/kernels/fully_connected.h"
#include "custom_ops/kernels/softmax.h"
#include "custom_ops/tflm/dense_tensors.h"

namespace kws {

// A convolution or a pool: shapes, the filter's or window's height and width, and parameters.
struct WindowGeometry {
  ConvDims dims;
  FilterDims filter;
  ConvParams params;
};

// `node->user_data` must have been allocated by Init, here and below.
TfLiteStatus ReadConv2d(TfLiteContext* context, const TfLiteNode* node, DenseTensors* tensors,
                        WindowGeometry* geometry);
TfLiteStatus ReadDepthwiseConv2d(TfLiteContext* context, const TfLiteNode* node,
                                 DenseTensors* tensors, WindowGeometry* geometry);
TfLiteStatus ReadAveragePool(TfLiteContext* context, const TfLiteNode* node,
                             WindowGeometry* geometry);

// The input is flattened: whatever its shape, `depth` consecutive values make one batch.
TfLiteStatus ReadFullyConnected(TfLiteContext* context, const TfLiteNode* node,
                                FullyConnectedDims* dims, FullyConnectedParams* params);

// Along the last dimension; output scale 1/256 and zero point -128, as TFLite demands.
TfLiteStatus ReadSoftmax(TfLiteContext* context, const TfLiteNode* node, SoftmaxDims* dims,
                         SoftmaxParams* params);

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_DENSE_NODES_H_
