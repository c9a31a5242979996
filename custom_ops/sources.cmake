# KWS_CUSTOM_OPS_SOURCES: formats, kernels and TFLM glue, for host and target alike.
# The include root is the folder above this one; the glue also needs TFLM's include folders.
set(KWS_CUSTOM_OPS_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/formats/block_sparse_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/index_list_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/n_of_m_conv.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/row_pruned_depthwise.cc
    ${CMAKE_CURRENT_LIST_DIR}/formats/sparse_header.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_1x2.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_1x4.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_4x1.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_any.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_block_one_lane.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_fill.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_conv2d_tile.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/index_list_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/index_list_conv2d_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/n_of_m_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/n_of_m_conv2d_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/pair_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/pair_rows_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/pair_tile_fill.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/pair_tile_narrow.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/sparse_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/separable_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/sparse_depthwise_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_blocks_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_index_list_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_input_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_output_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_small_blocks_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/sparse_fully_connected_stream_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/sparse_fully_connected.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/add_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/average_pool_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/conv2d_groups_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/conv2d_tile_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_conv2d_3x3_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_planes.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_planes_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_planes_portable.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_row_pruned_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_row_pruned_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_rows.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_rows_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/depthwise_rows_portable.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/separable_conv2d_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/separable_conv2d_reference.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/fully_connected_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/fully_connected_units_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/kernels/softmax_m7.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/add.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/add_node.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/average_pool.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/channel_scales.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/dense_nodes.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/dense_tensors.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/depthwise_conv2d.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/error_channel.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/fully_connected.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/reshape.cc
    ${CMAKE_CURRENT_LIST_DIR}/tflm/softmax.cc)
include(${CMAKE_CURRENT_LIST_DIR}/kernels.cmake)

# Where the kernels spend their time; an image that runs kernels from the small ITCM puts these there.
set(KWS_INNER_LOOPS
    conv2d_groups_m7 conv2d_m7
    depthwise_planes depthwise_planes_m7 depthwise_rows depthwise_rows_m7
    fully_connected_units_m7
    pair_conv2d_m7 pair_rows_m7
    sparse_conv2d_block_1x2 sparse_conv2d_block_1x4 sparse_conv2d_block_4x1 sparse_conv2d_tile
    sparse_fully_connected_blocks_m7 sparse_fully_connected_stream_m7)
