"""The peripherals of the STM32F767 that the virtual board models, one module each (RM0410, PM0253)."""
