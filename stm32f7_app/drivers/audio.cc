#include "stm32f7_app/drivers/audio.h"

#include "board.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/gpio.h"

namespace kws::stm32 {
namespace {

constexpr uint8_t kIrqPriority = 2;
constexpr uint32_t kI2sDivider = 25;  // 51.2 MHz / (64 * 2 * 25) = 16,000

// SPI2_RX is channel 0 of DMA1 stream 3 (RM0410 table 27); channel 0 is the reset value.
DmaStreamRegisters& Stream() { return Dma1().stream[3]; }

volatile uint16_t* buffer_start;
uint32_t half_words;  // of one half
volatile uint32_t dma_errors;
volatile uint32_t i2s_errors;

}  // namespace

void StopAudio() {
  Stream().CR = Stream().CR & ~dma::kEnable;
  for (uint32_t i = 0; i < 100000 && (Stream().CR & dma::kEnable) != 0; ++i) {
  }
  Spi2().I2SCFGR = Spi2().I2SCFGR & ~spi::kI2sEnable;
  Dma1().LIFCR = dma::kAll3;
}

void StartAudio(volatile uint16_t* buffer, uint32_t hop_length) {
  buffer_start = buffer;
  half_words = hop_length * kHalfWordsPerFrame;
  Rcc().AHB1ENR = Rcc().AHB1ENR | rcc::kDma1Enable;
  Rcc().APB1ENR = Rcc().APB1ENR | rcc::kSpi2Enable;
  (void)Rcc().APB1ENR;
  ConnectPin(board::kMicrophoneWs);
  ConnectPin(board::kMicrophoneClock);
  ConnectPin(board::kMicrophoneData);
  StopAudio();

  Stream().PAR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&Spi2().DR));
  Stream().M0AR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(buffer));
  Stream().NDTR = 2 * half_words;
  Stream().FCR = 0;  // direct mode
  Stream().CR = dma::kPriorityVeryHigh | dma::kMemory16 | dma::kPeripheral16 |
                dma::kMemoryIncrement | dma::kCircular | dma::kHalfIrq | dma::kCompleteIrq |
                dma::kErrorIrq | dma::kDirectErrorIrq;
  Stream().CR = Stream().CR | dma::kEnable;
  EnableIrq(kIrqDma1Stream3, kIrqPriority);

  Spi2().I2SPR = kI2sDivider;
  Spi2().CR2 = spi::kRxDma;
  // Philips standard, clock low when idle: the reset values of their fields.
  Spi2().I2SCFGR = spi::kI2sMode | spi::kMasterReceive | spi::kData24 | spi::kChannel32;
  Spi2().I2SCFGR = Spi2().I2SCFGR | spi::kI2sEnable;
}

AudioErrors GetAudioErrors() { return {dma_errors, i2s_errors}; }

}  // namespace kws::stm32

extern "C" void DMA1_Stream3_IRQHandler() {
  using namespace kws::stm32;
  const uint32_t flags = Dma1().LISR & dma::kAll3;
  Dma1().LIFCR = flags;
  if ((flags & (dma::kTransferError3 | dma::kDirectError3 | dma::kFifoError3)) != 0) {
    dma_errors = dma_errors + 1;
  }
  if ((Spi2().SR & spi::kOverrun) != 0) {
    i2s_errors = i2s_errors + 1;
    (void)Spi2().DR;  // DR then SR clears OVR [35.7.8]
    (void)Spi2().SR;
  }
  if ((flags & dma::kHalf3) != 0) OnAudioHalf(buffer_start);
  if ((flags & dma::kComplete3) != 0) OnAudioHalf(buffer_start + half_words);
}
