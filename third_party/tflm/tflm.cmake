# TensorFlow Lite Micro: the crate's sources, or a build of today's that the user has.
#
# In:  TFLM_CRATE_DIR      the unpacked crate `tfmicro` (make setup: build/third_party/tfmicro)
#      TFLM_ROOT           or, instead of it, the prefix of a built TFLM (docs/tflm_versions.md)
# Out: TFLM_INCLUDE_DIRS, TFLM_DEFINITIONS, TFLM_COMPILE_OPTIONS;
#      TFLM_SOURCES of the crate, or TFLM_LIBRARY of the prefix; the other is empty

set(TFLM_ROOT "" CACHE PATH
  "Prefix of a built TensorFlow Lite Micro, instead of the crate's: headers and lib/libtensorflow-microlite.a")

set(TFLM_SOURCES)
set(TFLM_LIBRARY)
set(TFLM_COMPILE_OPTIONS -fno-exceptions $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
  $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)

if(TFLM_ROOT)
  set(TFLM_INCLUDE_DIRS)
  foreach(_folder "${TFLM_ROOT}/include" "${TFLM_ROOT}")
    if(EXISTS "${_folder}/tensorflow/lite/micro/micro_log.h")
      set(TFLM_INCLUDE_DIRS "${_folder}")
      break()
    endif()
  endforeach()
  foreach(_library "${TFLM_ROOT}/lib/libtensorflow-microlite.a" "${TFLM_ROOT}/libtensorflow-microlite.a")
    if(NOT TFLM_LIBRARY AND EXISTS "${_library}")
      set(TFLM_LIBRARY "${_library}")
    endif()
  endforeach()
  set(_third_party)
  foreach(_folder "${TFLM_ROOT}/third_party" "${TFLM_INCLUDE_DIRS}/third_party"
      "${TFLM_ROOT}/tensorflow/lite/micro/tools/make/downloads")
    if(NOT _third_party AND EXISTS "${_folder}/flatbuffers/include/flatbuffers/flatbuffers.h")
      set(_third_party "${_folder}")
    endif()
  endforeach()
  if(NOT TFLM_INCLUDE_DIRS OR NOT TFLM_LIBRARY OR NOT _third_party)
    message(FATAL_ERROR "TFLM_ROOT must hold the headers of a current TensorFlow Lite Micro "
      "(include/tensorflow, third_party/flatbuffers) and lib/libtensorflow-microlite.a; it is '${TFLM_ROOT}'")
  endif()
  list(APPEND TFLM_INCLUDE_DIRS "${_third_party}/flatbuffers/include" "${_third_party}/gemmlowp"
    "${_third_party}/ruy")
  # As TFLM's own build sets it; both sides of the API must agree.
  set(TFLM_DEFINITIONS TF_LITE_STATIC_MEMORY)
  return()
endif()

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
