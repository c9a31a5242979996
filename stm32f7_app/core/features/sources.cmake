# The front end, for host and target. The tables are linked separately: default_tables.cc, or the source
# that the firmware build generates from its configuration.
set(KWS_FEATURE_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/column_ring.cc
  ${CMAKE_CURRENT_LIST_DIR}/feature_extractor.cc
  ${CMAKE_CURRENT_LIST_DIR}/feature_quantizer.cc
  ${CMAKE_CURRENT_LIST_DIR}/log_mel.cc
  ${CMAKE_CURRENT_LIST_DIR}/real_fft.cc
)
