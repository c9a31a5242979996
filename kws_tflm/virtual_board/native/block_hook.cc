// Unicorn block hook of the virtual board: counts Thumb-2 instructions and stops the emulation at
// the next event. It is called about ten million times a second, which is why it is not Python.
//
// A block is counted when it begins; if it ends early (a fault), `block_counter.py` takes the rest
// back. Stopping inside the hook keeps the block from being executed, so every stop is exactly at
// a block boundary and two runs of the same image stop at the same places.

#include "block_hook.h"

#include <cstring>

namespace kws::board {
namespace {

constexpr size_t kSlots = 1u << 15;
constexpr uint32_t kCopiedBytes = 52;

// One decoded block. Direct mapped by address: a collision costs a second decoding, no more.
struct Block {
  uint32_t address;
  uint16_t size;
  uint16_t instructions;
  uint16_t traits;
  uint8_t valid;
  uint8_t constant;
  uint8_t copy[kCopiedBytes];
};

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

void Decode(const uint8_t* bytes, uint32_t address, uint32_t size, bool constant, Block* block) {
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
  if (!constant && size <= kCopiedBytes) std::memcpy(block->copy, bytes, size);
}

class BlockCache {
 public:
  const Block& Lookup(const HookState& state, uint32_t address, uint32_t size) {
    Block& block = blocks_[(address >> 1) & (kSlots - 1)];
    const bool same = block.valid && block.address == address && block.size == size;
    if (same && block.constant) return block;
    const CodeRegion* region = FindRegion(state, address, size);
    if (region == nullptr) {  // nothing can run from there; Unicorn reports the fault itself
      block = Block{};
      return block;
    }
    const uint8_t* bytes = region->data + (address - region->base);
    if (same && size <= kCopiedBytes && std::memcmp(block.copy, bytes, size) == 0) return block;
    Decode(bytes, address, size, region->constant != 0, &block);
    return block;
  }

 private:
  Block blocks_[kSlots] = {};
};

struct Hook {
  HookState state;  // first: Python sees the hook as a pointer to its state
  BlockCache cache;
};

}  // namespace
}  // namespace kws::board

#define KWS_EXPORT __attribute__((visibility("default")))

extern "C" {

KWS_EXPORT void* kws_hook_create() { return new kws::board::Hook{}; }

KWS_EXPORT void kws_hook_destroy(void* hook) { delete static_cast<kws::board::Hook*>(hook); }

KWS_EXPORT size_t kws_hook_state_size() { return sizeof(kws::board::HookState); }

// Signature of uc_cb_hookcode_t.
KWS_EXPORT void kws_block_hook(void* engine, uint64_t address, uint32_t size, void* user) {
  auto* hook = static_cast<kws::board::Hook*>(user);
  kws::board::HookState& state = hook->state;
  if (state.instructions >= state.deadline || (state.traits & state.stop_after) != 0) {
    state.emu_stop(engine);
    return;
  }
  const kws::board::Block& block = hook->cache.Lookup(state, static_cast<uint32_t>(address), size);
  if ((block.traits & state.stop_before) != 0) {
    state.blocked = block.traits & state.stop_before;
    state.emu_stop(engine);
    return;
  }
  state.instructions += block.instructions;
  state.traits |= block.traits;
  state.block_address = static_cast<uint32_t>(address);
  state.block_size = size;
  ++state.blocks;
}

}  // extern "C"
