#include "block_cache.h"

#include <cstring>

namespace kws::board {
namespace {

// FNV-1a over words: tells rewritten code from the old in RAM.
uint64_t Digest(const uint8_t* bytes, uint32_t size) {
  uint64_t digest = 0xCBF29CE484222325ull;
  for (uint32_t at = 0; at + 2 <= size; at += 2) {
    digest = (digest ^ static_cast<uint64_t>(bytes[at] | (bytes[at + 1] << 8))) * 0x100000001B3ull;
  }
  return digest;
}

const CodeRegion* FindRegion(const HookState& state, uint32_t address, uint32_t size) {
  for (uint32_t i = 0; i < state.region_count; ++i) {
    const CodeRegion& region = state.regions[i];
    const uint32_t offset = address - region.base;
    if (offset < region.size && size <= region.size - offset) return &region;
  }
  return nullptr;
}

uint16_t HalfWord(const uint8_t* bytes) {
  return static_cast<uint16_t>(bytes[0] | (bytes[1] << 8));
}

// ARMv7-M ARM A5.1: a first half-word of 0b11101, 0b11110 or 0b11111 begins a 32-bit instruction.
bool IsWide(uint16_t first) { return (first >> 11) >= 0x1D; }

uint32_t TraitsOf(uint16_t first, uint16_t second) {
  if (!IsWide(first)) {
    if ((first & 0xFF00) == 0xBF00 && (first & 0xF) != 0) return kTraitIfThen;
    if (first == 0xBF30) return kTraitWfi;
    if (first == 0xBF20) return kTraitWfe;
    if (first == 0xBF40) return kTraitSev;
    if ((first & 0xFFE0) == 0xB660) return kTraitMask;
    return 0;
  }
  if ((first & 0xFFE0) == 0xF380 && (second & 0xD000) == 0x8000) return kTraitMask;
  const uint32_t coprocessor = (second >> 8) & 0xF;
  if ((first & 0xEC00) == 0xEC00 && (coprocessor == 10 || coprocessor == 11)) return kTraitFpu;
  return 0;
}

bool Unchanged(const CountedBlock& block, const uint8_t* bytes, uint32_t size) {
  if (size <= kCopiedBytes) return std::memcmp(block.copy, bytes, size) == 0;
  return block.digest == Digest(bytes, size);
}

void Decode(const uint8_t* bytes, uint32_t address, uint32_t size, bool constant,
            CountedBlock* block) {
  uint32_t count = 0;
  uint32_t traits = 0;
  for (uint32_t at = 0; at + 2 <= size; ++count) {
    const uint16_t first = HalfWord(bytes + at);
    const bool wide = IsWide(first) && at + 4 <= size;
    traits |= TraitsOf(first, wide ? HalfWord(bytes + at + 2) : uint16_t{0});
    at += wide ? 4 : 2;
  }
  block->address = address;
  block->size = static_cast<uint16_t>(size);
  block->instructions = static_cast<uint16_t>(count);
  block->traits = static_cast<uint16_t>(traits);
  block->valid = 1;
  block->constant = constant ? 1 : 0;
  block->digest = constant ? 0 : Digest(bytes, size);
  if (!constant && size <= kCopiedBytes) std::memcpy(block->copy, bytes, size);
}

}  // namespace

CountedBlock& BlockCache::Lookup(const HookState& state, uint32_t address, uint32_t size,
                                 uint32_t none) {
  CountedBlock& block = blocks_[(address >> 1) & (kSlots - 1)];
  const bool same = block.valid && block.address == address && block.size == size;
  if (same && block.constant) return block;
  const CodeRegion* region = FindRegion(state, address, size);
  if (region == nullptr) {  // Unicorn reports the fault itself
    block = CountedBlock{};
    return block;
  }
  const uint8_t* bytes = region->data + (address - region->base);
  if (same && Unchanged(block, bytes, size)) return block;
  Decode(bytes, address, size, region->constant != 0, &block);
  block.timed = none;
  return block;
}

}  // namespace kws::board
