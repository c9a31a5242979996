// What Prepare reads from an ADD node, for every kernel that serves it.
#ifndef CUSTOM_OPS_TFLM_ADD_NODE_H_
#define CUSTOM_OPS_TFLM_ADD_NODE_H_

#include "custom_ops/kernels/add.h"
#include "custom_ops/tflm/compat.h"

namespace kws {

struct AddNode {
  AddParams params;
  AddDims dims;
};

// Checks types, shapes, which must broadcast to the output's, and quantisation; refuses in one line
// what is not int8 or has more than four dimensions. Dimensions along which nothing is broadcast
// are joined: without broadcasting the last one is the whole sum. `node->user_data` must have been
// allocated by Init.
TfLiteStatus ReadAdd(TfLiteContext* context, const TfLiteNode* node, AddNode* add);

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_ADD_NODE_H_
