// Unicorn block hook of the virtual board: counts Thumb-2 instructions and stops the emulation at
// the next event. It is called about ten million times a second, which is why it is not Python.
//
// A block is counted when it begins; if it ends early (a fault), `block_counter.py` takes the rest
// back. Stopping inside the hook keeps the block from being executed, so every stop is exactly at
// a block boundary and two runs of the same image stop at the same places.

#include "block_hook.h"

#include <memory>

#include "block_cache.h"
#include "cycle_engine.h"

namespace kws::board {
namespace {

constexpr int kMemoryWrite = 17;               // UC_MEM_WRITE
constexpr uint32_t kIfThenState = 0x0600FC00;  // of xPSR (ARMv7-M ARM B1.4.2)

struct Hook {
  HookState state;  // first: Python sees the hook as a pointer to its state
  BlockCache cache;
  std::unique_ptr<CycleEngine> engine;  // none: count only

  // Ends the executing block, so that the clock is that of the boundary.
  void Finish() {
    if (!engine) return;
    engine->Finish();
    state.clock = engine->totals.cycles;
  }
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
  hook->Finish();
  if (state.clock >= state.deadline || (state.traits & state.stop_after) != 0) {
    state.emu_stop(engine);
    return;
  }
  constexpr uint32_t kNone = kws::board::CycleEngine::kNone;
  auto& block = hook->cache.Lookup(state, static_cast<uint32_t>(address), size, kNone);
  if ((block.traits & state.stop_before) != 0) {
    state.blocked = block.traits & state.stop_before;
    state.emu_stop(engine);
    return;
  }
  if (!hook->engine) {
    state.clock += block.instructions;
  } else if (block.valid) {
    if (block.timed == kNone) {
      block.timed = hook->engine->Find(static_cast<uint32_t>(address), size, block.digest);
    }
    if (block.timed == kNone) {
      state.emu_stop(engine);
      return;
    }
    hook->engine->Begin(block.timed);
  }
  state.instructions += block.instructions;
  state.traits |= block.traits;
  state.current_traits = block.traits;
  state.block_address = static_cast<uint32_t>(address);
  state.block_size = size;
  ++state.blocks;
}

// Signature of uc_cb_hookmem_t; installed only with the cycle model.
KWS_EXPORT void kws_memory_hook(void* engine, int type, uint64_t address, int size, int64_t,
                                void* user) {
  auto* hook = static_cast<kws::board::Hook*>(user);
  hook->engine->Access(static_cast<uint32_t>(address), static_cast<uint32_t>(size),
                       type == kws::board::kMemoryWrite);
  if ((hook->state.current_traits & kws::board::kTraitIfThen) == 0) return;
  // Unicorn 2.1.4 puts the IT state of a hooked access into the core and leaves it there, so that
  // what follows the block would be skipped.
  uint32_t xpsr = 0;
  hook->state.reg_read(engine, hook->state.xpsr, &xpsr);
  if ((xpsr & kws::board::kIfThenState) == 0) return;
  xpsr &= ~kws::board::kIfThenState;
  hook->state.reg_write(engine, hook->state.xpsr, &xpsr);
}

KWS_EXPORT size_t kws_timing_sizes(uint32_t which) {
  const size_t sizes[] = {sizeof(kws::board::TimingTable),    sizeof(kws::board::Operation),
                          sizeof(kws::board::MemorySettings), sizeof(kws::board::CycleTotals),
                          sizeof(kws::board::BlockUse),       sizeof(kws::board::InstructionUse)};
  return which < sizeof(sizes) / sizeof(sizes[0]) ? sizes[which] : 0;
}

KWS_EXPORT void kws_timing_enable(void* hook, const kws::board::TimingTable* table,
                                  kws::board::DecodeCallback decode) {
  auto* self = static_cast<kws::board::Hook*>(hook);
  self->engine = std::make_unique<kws::board::CycleEngine>(*table, decode);
}

KWS_EXPORT kws::board::MemorySettings* kws_timing_settings(void* hook) {
  return &static_cast<kws::board::Hook*>(hook)->engine->settings();
}

KWS_EXPORT const kws::board::CycleTotals* kws_timing_totals(void* hook) {
  return &static_cast<kws::board::Hook*>(hook)->engine->totals;
}

KWS_EXPORT void kws_timing_reset(void* hook) {
  static_cast<kws::board::Hook*>(hook)->engine->Reset();
}

KWS_EXPORT void kws_timing_break(void* hook, uint32_t cycles) {
  auto* self = static_cast<kws::board::Hook*>(hook);
  self->engine->Break(cycles);
  self->state.clock = self->engine->totals.cycles;
}

KWS_EXPORT void kws_timing_finish(void* hook) { static_cast<kws::board::Hook*>(hook)->Finish(); }

KWS_EXPORT uint32_t kws_timing_partial(void* hook, uint32_t address) {
  return static_cast<kws::board::Hook*>(hook)->engine->Partial(address);
}

// what: 0 all instructions, 1 all data, 2 the data line of `address`, 3 what was known of the
// regions.
KWS_EXPORT void kws_timing_invalidate(void* hook, uint32_t what, uint32_t address) {
  kws::board::MemoryTiming& memory = static_cast<kws::board::Hook*>(hook)->engine->memory();
  if (what == 0) memory.InvalidateInstructions();
  if (what == 1) memory.InvalidateData();
  if (what == 2) memory.InvalidateDataLine(address);
  if (what == 3) memory.ForgetRegions();
}

KWS_EXPORT uint64_t kws_timing_misses(void* hook, uint32_t data) {
  const kws::board::MemoryTiming& memory = static_cast<kws::board::Hook*>(hook)->engine->memory();
  return data ? memory.data_misses : memory.instruction_misses;
}

// Number of elements; fills `uses` up to `capacity`.
KWS_EXPORT size_t kws_timing_blocks(void* hook, kws::board::BlockUse* uses, size_t capacity) {
  const auto all = static_cast<kws::board::Hook*>(hook)->engine->Blocks();
  for (size_t i = 0; i < all.size() && i < capacity; ++i) uses[i] = all[i];
  return all.size();
}

KWS_EXPORT size_t kws_timing_instructions(void* hook, uint32_t begin, uint32_t end,
                                          kws::board::InstructionUse* uses, size_t capacity) {
  const auto all = static_cast<kws::board::Hook*>(hook)->engine->Instructions(begin, end);
  for (size_t i = 0; i < all.size() && i < capacity; ++i) uses[i] = all[i];
  return all.size();
}

}  // extern "C"
