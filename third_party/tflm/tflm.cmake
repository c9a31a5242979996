# TensorFlow Lite Micro as a list of sources, for the host library and the firmware alike.
#
# In:  TFLM_CRATE_DIR      the unpacked crate `tfmicro` (make setup: build/third_party/tfmicro)
# Out: TFLM_SOURCES, TFLM_INCLUDE_DIRS, TFLM_DEFINITIONS, TFLM_COMPILE_OPTIONS

if(NOT EXISTS "${TFLM_CRATE_DIR}/submodules/tensorflow/tensorflow/lite/micro/micro_interpreter.cc")
  message(FATAL_ERROR "TensorFlow Lite Micro is not below '${TFLM_CRATE_DIR}'; run 'make setup' first")
endif()

set(_tf "${TFLM_CRATE_DIR}/submodules/tensorflow")
set(_lite "${_tf}/tensorflow/lite")
set(_downloads "${_lite}/micro/tools/make/downloads")

file(GLOB TFLM_SOURCES CONFIGURE_DEPENDS
  "${_lite}/micro/*.cc" "${_lite}/micro/kernels/*.cc" "${_lite}/micro/memory_planner/*.cc")
list(FILTER TFLM_SOURCES EXCLUDE REGEX "(_test|/debug_log|/all_ops_resolver|/test_helpers)\\.cc$")
list(APPEND TFLM_SOURCES
  "${_lite}/c/common.c"
  "${_lite}/core/api/error_reporter.cc"
  "${_lite}/core/api/flatbuffer_conversions.cc"
  "${_lite}/core/api/op_resolver.cc"
  "${_lite}/core/api/tensor_utils.cc"
  "${_lite}/kernels/internal/quantization_util.cc"
  "${_lite}/kernels/kernel_util.cc")

set(TFLM_INCLUDE_DIRS
  "${_tf}" "${_downloads}/flatbuffers/include" "${_downloads}/gemmlowp"
  "${_downloads}/kissfft" "${_downloads}/ruy")
set(TFLM_DEFINITIONS
  TF_LITE_STATIC_MEMORY TF_LITE_MCU_DEBUG_LOG GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK)
set(TFLM_COMPILE_OPTIONS -fno-exceptions $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
  $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)
