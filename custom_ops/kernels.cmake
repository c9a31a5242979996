# Which kernels serve the built-in operators; docs/kernels.md, "Which kernels".
#
# In:  KWS_KERNELS      m7 (default), reference or cmsis_nn
#      CMSIS_NN_ROOT    for cmsis_nn: a prefix of an installed CMSIS-NN, with include/ and
#                       lib/libcmsis-nn.a
# Out: KWS_KERNEL_DEFINITIONS, KWS_KERNEL_INCLUDE_DIRS, KWS_KERNEL_LIBRARIES; appends the glue to
#      KWS_CUSTOM_OPS_SOURCES

set(KWS_KERNELS m7 CACHE STRING "Kernels of the built-in operators: m7, reference or cmsis_nn")
set_property(CACHE KWS_KERNELS PROPERTY STRINGS m7 reference cmsis_nn)
set(CMSIS_NN_ROOT "" CACHE PATH "Prefix of an installed CMSIS-NN: include/ and lib/libcmsis-nn.a")

set(KWS_KERNEL_INCLUDE_DIRS)
set(KWS_KERNEL_LIBRARIES)
if(KWS_KERNELS STREQUAL "m7")
  set(KWS_KERNEL_DEFINITIONS KWS_KERNELS_M7=1)
elseif(KWS_KERNELS STREQUAL "reference")
  set(KWS_KERNEL_DEFINITIONS KWS_KERNELS_M7=0)
elseif(KWS_KERNELS STREQUAL "cmsis_nn")
  if(NOT EXISTS "${CMSIS_NN_ROOT}/include/arm_nnfunctions.h"
      OR NOT EXISTS "${CMSIS_NN_ROOT}/lib/libcmsis-nn.a")
    message(FATAL_ERROR "KWS_KERNELS=cmsis_nn needs CMSIS_NN_ROOT, a prefix with "
      "include/arm_nnfunctions.h and lib/libcmsis-nn.a; it is '${CMSIS_NN_ROOT}'")
  endif()
  # Custom operators have no CMSIS-NN counterpart: they keep the M7 kernels.
  set(KWS_KERNEL_DEFINITIONS KWS_KERNELS_M7=1 KWS_KERNELS_CMSIS_NN=1)
  set(KWS_KERNEL_INCLUDE_DIRS "${CMSIS_NN_ROOT}/include")
  set(KWS_KERNEL_LIBRARIES "${CMSIS_NN_ROOT}/lib/libcmsis-nn.a")
  list(APPEND KWS_CUSTOM_OPS_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/add.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/arguments.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/average_pool.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/depthwise_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/fully_connected.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/cmsis_nn/softmax.cc)
else()
  message(FATAL_ERROR "KWS_KERNELS is '${KWS_KERNELS}'; it must be m7, reference or cmsis_nn")
endif()
