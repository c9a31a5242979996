// Caches and the memories behind them: cycles that fetches and data accesses wait.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_MEMORY_TIMING_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_MEMORY_TIMING_H_

#include <cstdint>
#include <vector>

namespace kws::board {

inline constexpr uint32_t kLineBytes = 32;
inline constexpr int kMaxMemoryRegions = 24;

enum class Port : uint32_t {
  kTcm,       // no wait
  kAxi,       // cacheable memory on the AXI bus
  kArt,       // flash through the ITCM port and the ART accelerator
  kDevice,    // peripherals: never cached
  kUncached,  // AXI memory that an MPU region keeps out of the caches
};

struct MemoryRegion {
  uint32_t base;
  uint32_t size;
  Port port;
  uint32_t is_flash;
};

// Shared with Python, which changes it when the firmware switches caches, wait states or the MPU.
struct MemorySettings {
  MemoryRegion regions[kMaxMemoryRegions];
  uint32_t region_count;
  uint32_t instruction_cache;
  uint32_t data_cache;
  uint32_t art;
  uint32_t prefetch;
  uint32_t flash_wait_states;
  uint32_t axi_cycles;   // from the core to the memory and back
  uint32_t sram_cycles;  // of the SRAM itself for the first word
  uint32_t fill_beats;   // cycles of a line fill after the critical word
  uint32_t device_read;
  uint32_t device_write;
  uint32_t icache_sets, icache_ways, dcache_sets, dcache_ways, art_lines;
};

// Set-associative, least recently used line goes; tags only.
class TagArray {
 public:
  void Resize(uint32_t sets, uint32_t ways);
  // True on a hit; a miss takes the line in.
  bool Access(uint32_t address);
  void Clear();
  void Invalidate(uint32_t address);

 private:
  uint32_t sets_ = 1, ways_ = 1;
  std::vector<uint32_t> tags_;  // line number + 1, most recent way first
};

class MemoryTiming {
 public:
  explicit MemoryTiming(const MemorySettings& settings) : settings_(settings) {}

  // Sizes are taken from the settings; caches start empty.
  void Reset();
  // The list of regions has changed.
  void ForgetRegions();
  // Cycles that fetching [address, address + size) waits.
  uint32_t Fetch(uint32_t address, uint32_t size);
  // Cycles that a load or store waits; `missed` and `uncached` say why.
  uint32_t Access(uint32_t address, bool write, bool* missed, bool* uncached);
  void InvalidateInstructions() { icache_.Clear(), fetch_line_ = kNoLine; }
  void InvalidateData() { dcache_.Clear(); }
  void InvalidateDataLine(uint32_t address) { dcache_.Invalidate(address); }

  uint64_t instruction_misses = 0;
  uint64_t data_misses = 0;

 private:
  static constexpr uint32_t kNoLine = 0xFFFFFFFF;

  // The region of the last address with these middle bits: memories alternate all the time.
  static constexpr uint32_t kPageBits = 12, kPages = 256;
  struct Page {
    uint32_t number = kNoLine;
    const MemoryRegion* region = nullptr;
  };

  const MemoryRegion* Find(uint32_t address) {
    Page& page = pages_[(address >> kPageBits) % kPages];
    if (page.number != address >> kPageBits) Fill(address, &page);
    return page.region;
  }
  void Fill(uint32_t address, Page* page) const;
  uint32_t FetchLine(uint32_t line);
  uint32_t ArtLine(uint32_t line);
  uint32_t First(const MemoryRegion& region) const;

  const MemorySettings& settings_;
  Page pages_[kPages];
  TagArray icache_, dcache_, art_;
  uint32_t fetch_line_ = kNoLine;  // without caches: the line in the fetch buffer
  uint32_t flash_line_ = kNoLine;  // line in the flash interface's read buffer
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_MEMORY_TIMING_H_
