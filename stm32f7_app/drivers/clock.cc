#include "stm32f7_app/drivers/clock.h"

#include "board.h"
#include "stm32f7_app/drivers/core.h"

namespace kws::stm32 {
namespace {

constexpr uint32_t kHsiHz = 16000000;
constexpr uint32_t kPllInputHz = 1000000;
constexpr uint32_t kPllN = 432, kPllQ = 9;  // VCO 432 MHz, P = 2: 216 MHz, Q: 48 MHz
constexpr uint32_t kCoreHz = kPllInputHz * kPllN / 2;
constexpr uint32_t kI2sN = 256, kI2sR = 5;  // 51.2 MHz = 64 * 50 * 16 kHz
constexpr uint32_t kFlashWaitStates = 7;    // 210 to 216 MHz at 2.7 to 3.6 V [3.3.2, table 7]

// About 50 ms at 16 MHz: far above every start-up time in the data sheet.
constexpr uint32_t kTimeOut = 200000;

bool WaitFor(Register& reg, uint32_t mask, uint32_t value) {
  for (uint32_t i = 0; i < kTimeOut; ++i) {
    if ((reg & mask) == value) return true;
  }
  return false;
}

bool StartHse() {
  Rcc().CR = Rcc().CR | (board::kHseBypass ? rcc::kHseBypass : 0);
  Rcc().CR = Rcc().CR | rcc::kHseOn;
  return WaitFor(Rcc().CR, rcc::kHseReady, rcc::kHseReady);
}

// The order is that of RM0410 [4.1.4], "Entering Over-drive mode".
bool StartPll(bool external) {
  const uint32_t m = (external ? board::kHseHz : kHsiHz) / kPllInputHz;
  constexpr uint32_t kFields =
      0x3Fu | (0x1FFu << 6) | (3u << 16) | rcc::kPllSourceHse | (0xFu << 24);
  Rcc().PLLCFGR = (Rcc().PLLCFGR & ~kFields) | m | (kPllN << 6) | (kPllQ << 24) |
                  (external ? rcc::kPllSourceHse : 0);
  Rcc().CR = Rcc().CR | rcc::kPllOn;

  Pwr().CR1 = Pwr().CR1 | pwr::kOverDrive;
  if (!WaitFor(Pwr().CSR1, pwr::kOverDriveReady, pwr::kOverDriveReady)) return false;
  Pwr().CR1 = Pwr().CR1 | pwr::kOverDriveSwitch;
  if (!WaitFor(Pwr().CSR1, pwr::kOverDriveSwitchReady, pwr::kOverDriveSwitchReady)) return false;

  // The ART serves fetches over the ITCM bus only; our code is on AXI behind the I-cache. It costs
  // nothing and helps whoever moves code there.
  Flash().ACR = flash::kArtReset | kFlashWaitStates;
  Flash().ACR = kFlashWaitStates | flash::kPrefetch | flash::kArt;
  if (!WaitFor(Flash().ACR, flash::kLatencyMask, kFlashWaitStates)) return false;

  Rcc().CFGR = (Rcc().CFGR & ~rcc::kPrescalerMask) | rcc::kApb1Div4 | rcc::kApb2Div2;
  if (!WaitFor(Rcc().CR, rcc::kPllReady, rcc::kPllReady)) return false;
  Rcc().CFGR = (Rcc().CFGR & ~rcc::kSwMask) | rcc::kSwPll;
  return WaitFor(Rcc().CFGR, rcc::kSwsMask, rcc::kSwsPll);
}

bool StartI2sPll() {
  constexpr uint32_t kFields = (0x1FFu << 6) | (7u << 28);
  Rcc().CFGR = Rcc().CFGR & ~rcc::kI2sSourceExternal;
  Rcc().PLLI2SCFGR = (Rcc().PLLI2SCFGR & ~kFields) | (kI2sN << 6) | (kI2sR << 28);
  Rcc().CR = Rcc().CR | rcc::kPllI2sOn;
  return WaitFor(Rcc().CR, rcc::kPllI2sReady, rcc::kPllI2sReady);
}

}  // namespace

Clocks StartClocks() {
  Rcc().APB1ENR = Rcc().APB1ENR | rcc::kPwrEnable;
  Pwr().CR1 = Pwr().CR1 | pwr::kVosScale1;
  const bool external = StartHse();
  if (!StartPll(external) || !StartI2sPll()) {
    // Back to what the chip starts with; the console still speaks at the right rate.
    Rcc().CFGR = Rcc().CFGR & ~(rcc::kSwMask | rcc::kPrescalerMask);
    return {ClockSource::kReset, kHsiHz, kHsiHz};
  }
  return {external ? ClockSource::kExternal : ClockSource::kInternal, kCoreHz, kCoreHz / 4};
}

namespace {
volatile uint32_t milliseconds;
}

void StartMillisecondTick(uint32_t core_hz) {
  SysTick().RVR = core_hz / 1000 - 1;
  SysTick().CVR = 0;
  SysTick().CSR = 7;  // core clock, interrupt, on
}

uint32_t Milliseconds() { return milliseconds; }

}  // namespace kws::stm32

extern "C" void SysTick_Handler() { kws::stm32::milliseconds = kws::stm32::milliseconds + 1; }
