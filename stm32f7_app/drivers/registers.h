// The STM32F7 and Cortex-M7 registers that this firmware uses, and no others.
//
// Names are those of RM0410 (STM32F76xxx reference manual; section numbers in brackets) and of the
// Armv7-M Architecture Reference Manual. All registers are 32 bits wide.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kws::stm32 {

using Register = volatile uint32_t;

// RCC [5.3]
struct RccRegisters {
  Register CR;           // 0x00
  Register PLLCFGR;      // 0x04
  Register CFGR;         // 0x08
  Register unused0[9];   // 0x0C
  Register AHB1ENR;      // 0x30
  Register unused1[3];   // 0x34
  Register APB1ENR;      // 0x40
  Register unused2[12];  // 0x44
  Register CSR;          // 0x74
  Register unused3[3];   // 0x78
  Register PLLI2SCFGR;   // 0x84
};
static_assert(offsetof(RccRegisters, CSR) == 0x74 && offsetof(RccRegisters, PLLI2SCFGR) == 0x84);
namespace rcc {
constexpr uint32_t kHsiOn = 1u << 0, kHsiReady = 1u << 1;  // CR
constexpr uint32_t kHseOn = 1u << 16, kHseReady = 1u << 17, kHseBypass = 1u << 18;
constexpr uint32_t kPllOn = 1u << 24, kPllReady = 1u << 25;
constexpr uint32_t kPllI2sOn = 1u << 26, kPllI2sReady = 1u << 27;
constexpr uint32_t kPllSourceHse = 1u << 22;                                          // PLLCFGR
constexpr uint32_t kSwMask = 3u, kSwPll = 2u, kSwsMask = 3u << 2, kSwsPll = 2u << 2;  // CFGR
constexpr uint32_t kApb1Div4 = 5u << 10, kApb2Div2 = 4u << 13;
constexpr uint32_t kPrescalerMask = (0xFu << 4) | (7u << 10) | (7u << 13);
constexpr uint32_t kI2sSourceExternal = 1u << 23;
constexpr uint32_t kDma1Enable = 1u << 21;  // AHB1ENR
constexpr uint32_t kSpi2Enable = 1u << 14, kUsart3Enable = 1u << 18,
                   kPwrEnable = 1u << 28;                                    // APB1ENR
constexpr uint32_t kRemoveResetFlags = 1u << 24, kWatchdogReset = 1u << 29;  // CSR
}  // namespace rcc

// PWR [4.4]
struct PwrRegisters {
  Register CR1;   // 0x00
  Register CSR1;  // 0x04
};
namespace pwr {
constexpr uint32_t kVosScale1 = 3u << 14, kOverDrive = 1u << 16, kOverDriveSwitch = 1u << 17;
constexpr uint32_t kOverDriveReady = 1u << 16, kOverDriveSwitchReady = 1u << 17;  // CSR1
}  // namespace pwr

// FLASH interface [3.7]
struct FlashRegisters {
  Register ACR;  // 0x00
};
namespace flash {
constexpr uint32_t kLatencyMask = 0xFu, kPrefetch = 1u << 8, kArt = 1u << 9, kArtReset = 1u << 11;
}

// GPIO [6.4]
struct GpioRegisters {
  Register MODER;    // 0x00
  Register OTYPER;   // 0x04
  Register OSPEEDR;  // 0x08
  Register PUPDR;    // 0x0C
  Register IDR;      // 0x10
  Register ODR;      // 0x14
  Register BSRR;     // 0x18
  Register LCKR;     // 0x1C
  Register AFR[2];   // 0x20, 0x24
};

// DMA [8.5]
struct DmaStreamRegisters {
  Register CR;    // 0x00
  Register NDTR;  // 0x04
  Register PAR;   // 0x08
  Register M0AR;  // 0x0C
  Register M1AR;  // 0x10
  Register FCR;   // 0x14
};
struct DmaRegisters {
  Register LISR;                 // 0x00
  Register HISR;                 // 0x04
  Register LIFCR;                // 0x08
  Register HIFCR;                // 0x0C
  DmaStreamRegisters stream[8];  // 0x10
};
namespace dma {
constexpr uint32_t kEnable = 1u << 0, kDirectErrorIrq = 1u << 1, kErrorIrq = 1u << 2;  // CR
constexpr uint32_t kHalfIrq = 1u << 3, kCompleteIrq = 1u << 4;
constexpr uint32_t kCircular = 1u << 8, kMemoryIncrement = 1u << 10;
constexpr uint32_t kPeripheral16 = 1u << 11, kMemory16 = 1u << 13, kPriorityVeryHigh = 3u << 16;
// LISR and LIFCR, stream 3
constexpr uint32_t kFifoError3 = 1u << 22, kDirectError3 = 1u << 24, kTransferError3 = 1u << 25;
constexpr uint32_t kHalf3 = 1u << 26, kComplete3 = 1u << 27;
constexpr uint32_t kAll3 = kFifoError3 | kDirectError3 | kTransferError3 | kHalf3 | kComplete3;
}  // namespace dma

// SPI / I2S [35.9]
struct SpiRegisters {
  Register CR1;      // 0x00
  Register CR2;      // 0x04
  Register SR;       // 0x08
  Register DR;       // 0x0C
  Register CRCPR;    // 0x10
  Register RXCRCR;   // 0x14
  Register TXCRCR;   // 0x18
  Register I2SCFGR;  // 0x1C
  Register I2SPR;    // 0x20
};
namespace spi {
constexpr uint32_t kRxDma = 1u << 0;                            // CR2
constexpr uint32_t kOverrun = 1u << 6;                          // SR
constexpr uint32_t kI2sMode = 1u << 11, kI2sEnable = 1u << 10;  // I2SCFGR
constexpr uint32_t kMasterReceive = 3u << 8, kData24 = 1u << 1, kChannel32 = 1u << 0;
}  // namespace spi

// USART [34.8]
struct UsartRegisters {
  Register CR1;   // 0x00
  Register CR2;   // 0x04
  Register CR3;   // 0x08
  Register BRR;   // 0x0C
  Register GTPR;  // 0x10
  Register RTOR;  // 0x14
  Register RQR;   // 0x18
  Register ISR;   // 0x1C
  Register ICR;   // 0x20
  Register RDR;   // 0x24
  Register TDR;   // 0x28
};
namespace usart {
constexpr uint32_t kEnable = 1u << 0, kReceive = 1u << 2, kTransmit = 1u << 3;  // CR1
constexpr uint32_t kRxIrq = 1u << 5, kTxIrq = 1u << 7;
constexpr uint32_t kOverrun = 1u << 3, kRxNotEmpty = 1u << 5, kTxEmpty = 1u << 7;  // ISR
constexpr uint32_t kClearErrors = 0xFu;  // ICR: PE, FE, NF, ORE
}  // namespace usart

// IWDG [32.4]
struct IwdgRegisters {
  Register KR;   // 0x00
  Register PR;   // 0x04
  Register RLR;  // 0x08
  Register SR;   // 0x0C
};
namespace iwdg {
constexpr uint32_t kFeed = 0xAAAA, kUnlock = 0x5555, kStart = 0xCCCC;
}

// Cortex-M7: SysTick [B3.3], SCB [B3.2], cache maintenance [B2.2], MPU [B3.5], DWT [C1.8]
struct SysTickRegisters {
  Register CSR;  // 0xE000E010
  Register RVR;
  Register CVR;
};
struct ScbRegisters {
  Register CPUID;        // 0xE000ED00
  Register ICSR;         // 04
  Register VTOR;         // 08
  Register AIRCR;        // 0C
  Register SCR;          // 10
  Register CCR;          // 14
  Register SHPR[3];      // 18
  Register SHCSR;        // 24
  Register CFSR;         // 28
  Register HFSR;         // 2C
  Register DFSR;         // 30
  Register MMFAR;        // 34
  Register BFAR;         // 38
  Register unused0[17];  // 3C
  Register CCSIDR;       // 80
  Register CSSELR;       // 84
  Register CPACR;        // 88
};
static_assert(offsetof(ScbRegisters, CCSIDR) == 0x80 && offsetof(ScbRegisters, CPACR) == 0x88);
namespace scb {
constexpr uint32_t kDataCache = 1u << 16, kInstructionCache = 1u << 17;  // CCR
constexpr uint32_t kFaultHandlers = 7u << 16;                            // SHCSR: mem, bus, usage
constexpr uint32_t kFpuAccess = 0xFu << 20;                              // CPACR
}  // namespace scb
struct CacheRegisters {
  Register ICIALLU;  // 0xE000EF50
  Register unused0;
  Register ICIMVAU;
  Register DCIMVAC;
  Register DCISW;  // 0xE000EF60
};
struct MpuRegisters {
  Register TYPE;  // 0xE000ED90
  Register CTRL;
  Register RNR;
  Register RBAR;
  Register RASR;  // 0xE000EDA0
};

inline RccRegisters& Rcc() { return *reinterpret_cast<RccRegisters*>(0x40023800); }
inline PwrRegisters& Pwr() { return *reinterpret_cast<PwrRegisters*>(0x40007000); }
inline FlashRegisters& Flash() { return *reinterpret_cast<FlashRegisters*>(0x40023C00); }
// `port`: 0 = A, 1 = B ...
inline GpioRegisters& Gpio(uint32_t port) {
  return *reinterpret_cast<GpioRegisters*>(0x40020000 + 0x400 * port);
}
inline DmaRegisters& Dma1() { return *reinterpret_cast<DmaRegisters*>(0x40026000); }
inline SpiRegisters& Spi2() { return *reinterpret_cast<SpiRegisters*>(0x40003800); }
inline UsartRegisters& Usart3() { return *reinterpret_cast<UsartRegisters*>(0x40004800); }
inline IwdgRegisters& Iwdg() { return *reinterpret_cast<IwdgRegisters*>(0x40003000); }
inline SysTickRegisters& SysTick() { return *reinterpret_cast<SysTickRegisters*>(0xE000E010); }
inline ScbRegisters& Scb() { return *reinterpret_cast<ScbRegisters*>(0xE000ED00); }
inline CacheRegisters& Cache() { return *reinterpret_cast<CacheRegisters*>(0xE000EF50); }
inline MpuRegisters& Mpu() { return *reinterpret_cast<MpuRegisters*>(0xE000ED90); }
inline Register& NvicIser(uint32_t word) {
  return *reinterpret_cast<Register*>(0xE000E100 + 4 * word);
}
inline volatile uint8_t& NvicPriority(uint32_t irq) {
  return *reinterpret_cast<volatile uint8_t*>(0xE000E400 + irq);
}
inline Register& Demcr() { return *reinterpret_cast<Register*>(0xE000EDFC); }
inline Register& DwtCtrl() { return *reinterpret_cast<Register*>(0xE0001000); }
inline Register& DwtCycleCount() { return *reinterpret_cast<Register*>(0xE0001004); }
inline Register& DwtLock() { return *reinterpret_cast<Register*>(0xE0001FB0); }

// Interrupt numbers (RM0410 table 46)
constexpr uint32_t kIrqDma1Stream3 = 14;
constexpr uint32_t kIrqUsart3 = 39;

}  // namespace kws::stm32
