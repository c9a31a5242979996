# Portable sources of the application, for the firmware and the host library.
# Out: KWS_CORE_SOURCES (absolute paths). Include directory: the project's root.
# Whoever links them defines `kws_tap` (tap.h) and, for the firmware, `kws::kFeatureTables`.
include(${CMAKE_CURRENT_LIST_DIR}/features/sources.cmake)
set(KWS_CORE_SOURCES
  ${KWS_FEATURE_SOURCES}
  ${CMAKE_CURRENT_LIST_DIR}/console_protocol.cc
  ${CMAKE_CURRENT_LIST_DIR}/detector.cc
  ${CMAKE_CURRENT_LIST_DIR}/line_writer.cc
  ${CMAKE_CURRENT_LIST_DIR}/spotter.cc
  ${CMAKE_CURRENT_LIST_DIR}/tflm_error_log.cc
  ${CMAKE_CURRENT_LIST_DIR}/tflm_model.cc
)
