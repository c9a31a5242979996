# Flags of the core and of freestanding code. Single-precision FPU only: one image for all F7 parts.
set(KWS_CPU_FLAGS -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard)
set(KWS_TARGET_FLAGS ${KWS_CPU_FLAGS} -ffunction-sections -fdata-sections -fno-exceptions
  -fno-unwind-tables -fno-asynchronous-unwind-tables
  $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti> $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)
set(KWS_LINK_FLAGS ${KWS_CPU_FLAGS} -specs=nano.specs -nostartfiles -Wl,--gc-sections
  -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments)
