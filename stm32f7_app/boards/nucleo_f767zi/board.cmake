# STM32F767ZI: memory as in RM0410 section 2.2; the build and the flashers read these values.
set(KWS_BOARD_TITLE "NUCLEO-F767ZI")
set(KWS_BOARD_FLASH_BYTES 2097152)
set(KWS_BOARD_DTCM_BYTES 131072)
# SRAM1 and SRAM2 lie behind one another; the end of SRAM2 is the audio DMA buffer.
set(KWS_BOARD_SRAM_ORIGIN 0x20020000)
set(KWS_BOARD_SRAM_BYTES 393216)
set(KWS_BOARD_OPENOCD_CONFIG "board/st_nucleo_f7.cfg")
set(KWS_BOARD_PYOCD_TARGET "stm32f767zitx")
