# STM32F746ZG: memory as in RM0385 section 2.2; the build and the flashers read these values.
set(KWS_BOARD_TITLE "NUCLEO-F746ZG")
set(KWS_BOARD_FLASH_BYTES 1048576)
set(KWS_BOARD_DTCM_BYTES 65536)
# SRAM1 and SRAM2 lie behind one another; the end of SRAM2 is the audio DMA buffer.
set(KWS_BOARD_SRAM_ORIGIN 0x20010000)
set(KWS_BOARD_SRAM_BYTES 262144)
set(KWS_BOARD_OPENOCD_CONFIG "board/st_nucleo_f7.cfg")
set(KWS_BOARD_PYOCD_TARGET "stm32f746zgtx")
