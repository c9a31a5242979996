#include "custom_ops/kernels/add.h"

#include "custom_ops/tflm/add_node.h"
#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws {
namespace {

constexpr char kName[] = "ADD";

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(AddNode));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  AddNode add = {};
  TF_LITE_ENSURE_STATUS(ReadAdd(context, node, &add));
  *static_cast<AddNode*>(node->user_data) = add;
  return kTfLiteOk;
}

arm_cmsis_nn_status AddSome(const AddParams& p, int32_t count, const int8_t* a, const int8_t* b,
                            int8_t* output) {
  constexpr int32_t kLeftShift = 20;
  return arm_elementwise_add_s8(a, b, cmsis::InputOffset(p.a.zero_point), p.a.multiplier, p.a.shift,
                                cmsis::InputOffset(p.b.zero_point), p.b.multiplier, p.b.shift,
                                kLeftShift, output, p.output_zero_point, p.output_multiplier,
                                p.output_shift, p.activation_min, p.activation_max, count);
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const AddNode& add = *static_cast<const AddNode*>(node->user_data);
  arm_cmsis_nn_status status = ARM_CMSIS_NN_SUCCESS;
  ForEachAddRun(add.dims, EvalInput<int8_t>(context, node, 0), EvalInput<int8_t>(context, node, 1),
                EvalOutput<int8_t>(context, node, 0),
                [&](const int8_t* a, const int8_t* b, int8_t* output) {
                  // CMSIS-NN has no broadcasting: value by value where an input stands still.
                  const int32_t step_a = add.dims.stride_a[3], step_b = add.dims.stride_b[3];
                  const int32_t count = add.dims.size[3];
                  const int32_t part = step_a == 1 && step_b == 1 ? count : 1;
                  for (int32_t i = 0; i < count && status == ARM_CMSIS_NN_SUCCESS; i += part) {
                    status = AddSome(add.params, part, a + i * step_a, b + i * step_b, output + i);
                  }
                });
  return cmsis::CheckStatus(context, kName, status);
}

}  // namespace

Registration* Register_ADD_CMSIS_NN() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
