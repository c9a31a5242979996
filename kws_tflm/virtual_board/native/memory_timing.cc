#include "memory_timing.h"

#include <algorithm>

namespace kws::board {

void TagArray::Resize(uint32_t sets, uint32_t ways) {
  sets_ = std::max(1u, sets);
  ways_ = std::max(1u, ways);
  tags_.assign(static_cast<size_t>(sets_) * ways_, 0);
}

bool TagArray::Access(uint32_t address) {
  const uint32_t line = address / kLineBytes;
  uint32_t* set = &tags_[static_cast<size_t>(line % sets_) * ways_];
  if (set[0] == line + 1) return true;
  uint32_t way = 1;
  while (way < ways_ && set[way] != line + 1) ++way;
  const bool hit = way < ways_;
  for (uint32_t i = hit ? way : ways_ - 1; i > 0; --i) set[i] = set[i - 1];
  set[0] = line + 1;
  return hit;
}

void TagArray::Clear() { std::fill(tags_.begin(), tags_.end(), 0u); }

void TagArray::Invalidate(uint32_t address) {
  const uint32_t line = address / kLineBytes;
  uint32_t* set = &tags_[static_cast<size_t>(line % sets_) * ways_];
  std::replace(set, set + ways_, line + 1, 0u);
}

void MemoryTiming::Reset() {
  icache_.Resize(settings_.icache_sets, settings_.icache_ways);
  dcache_.Resize(settings_.dcache_sets, settings_.dcache_ways);
  art_.Resize(1, settings_.art_lines);
  fetch_line_ = flash_line_ = kNoLine;
  ForgetRegions();
}

void MemoryTiming::ForgetRegions() {
  for (Page& page : pages_) page = Page{};
}

// The regions of a chip are multiples of a page; an MPU region that is smaller is taken as a whole
// page.
void MemoryTiming::Fill(uint32_t address, Page* page) const {
  page->number = address >> kPageBits;
  page->region = nullptr;
  const uint32_t start = page->number << kPageBits;
  for (uint32_t i = 0; i < settings_.region_count && page->region == nullptr; ++i) {
    const MemoryRegion& region = settings_.regions[i];
    const bool inside = address - region.base < region.size;
    const bool begins = region.base - start < (1u << kPageBits) && region.size < (1u << kPageBits);
    if (inside || begins) page->region = &region;
  }
}

// Cycles until the first word of an access to the memory itself.
uint32_t MemoryTiming::First(const MemoryRegion& region) const {
  return settings_.axi_cycles +
         (region.is_flash ? settings_.flash_wait_states + 1 : settings_.sram_cycles);
}

uint32_t MemoryTiming::Fetch(uint32_t address, uint32_t size) {
  uint32_t wait = 0;
  const uint32_t last = (address + size - 1) / kLineBytes;
  for (uint32_t line = address / kLineBytes; line <= last; ++line) wait += FetchLine(line);
  return wait;
}

uint32_t MemoryTiming::FetchLine(uint32_t line) {
  const uint32_t address = line * kLineBytes;
  const MemoryRegion* region = Find(address);
  if (region == nullptr || region->port == Port::kTcm) return 0;
  if (region->port == Port::kArt) return ArtLine(line);
  if (settings_.instruction_cache && region->port == Port::kAxi) {
    if (icache_.Access(address)) return 0;
    ++instruction_misses;
    return First(*region) + settings_.fill_beats;
  }
  if (fetch_line_ == line) return 0;
  fetch_line_ = line;
  return First(*region) + settings_.fill_beats;
}

// The ART holds lines of 256 bits; with prefetch the next line is read while this one executes.
uint32_t MemoryTiming::ArtLine(uint32_t line) {
  if (fetch_line_ == line) return 0;
  const bool follows = fetch_line_ + 1 == line;
  fetch_line_ = line;
  if (settings_.art && art_.Access(line * kLineBytes)) return 0;
  // A line of eight words or more keeps the core busy for about half of the next line's wait
  // states.
  const uint32_t wait = settings_.flash_wait_states;
  return settings_.prefetch && follows ? wait / 2 : wait;
}

uint32_t MemoryTiming::Access(uint32_t address, bool write, bool* missed, bool* uncached) {
  const MemoryRegion* region = Find(address);
  if (region == nullptr) {
    *uncached = true;
    return write ? settings_.device_write : settings_.device_read;
  }
  switch (region->port) {
    case Port::kTcm:
      return 0;
    case Port::kDevice:
      *uncached = true;
      return write ? settings_.device_write : settings_.device_read;
    case Port::kArt:
      *uncached = true;
      return write ? 0 : settings_.flash_wait_states;
    case Port::kAxi:
      if (settings_.data_cache) {
        if (dcache_.Access(address)) return 0;
        *missed = true;
        ++data_misses;
        // A store that misses waits in the store buffer while its line is filled.
        return write ? 0 : First(*region);
      }
      break;
    case Port::kUncached:
      break;
  }
  *uncached = true;
  if (write) return 0;
  if (region->is_flash) {
    const uint32_t line = address / kLineBytes;
    const bool buffered = flash_line_ == line;
    flash_line_ = line;
    return settings_.axi_cycles + (buffered ? 1 : settings_.flash_wait_states + 1);
  }
  return First(*region);
}

}  // namespace kws::board
