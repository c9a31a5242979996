# KWS_CUSTOM_OPS_SOURCES: formats, kernels and TFLM glue, for host and target alike.
# The include root is the folder above this one; the glue also needs TFLM's include folders.
set(KWS_CUSTOM_OPS_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/formats/block_sparse_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/index_list_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/n_of_m_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/sparse_header.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_any.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_tile.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/sparse_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/average_pool_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_conv2d_3x3_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/fully_connected_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/softmax_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/average_pool.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/channel_scales.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/dense_nodes.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/dense_tensors.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/depthwise_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/error_channel.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/fully_connected.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/softmax.cc)
include(${CMAKE_CURRENT_LIST_DIR}/kernels.cmake)
