// State that the native block hook shares with `block_counter.py` (same fields, same order).
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_HOOK_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_HOOK_H_

#include <cstddef>
#include <cstdint>

namespace kws::board {

// What a block of instructions contains, as bits; more than its length matters to the board.
enum Trait : uint32_t {
  kTraitWfi = 1u << 0,
  kTraitWfe = 1u << 1,
  kTraitSev = 1u << 2,
  // CPSIE/CPSID or MSR: PRIMASK, BASEPRI, FAULTMASK or CONTROL may have changed.
  kTraitMask = 1u << 3,
  // Any instruction of coprocessor 10 or 11.
  kTraitFpu = 1u << 4,
  // An IT instruction: accesses may be conditional.
  kTraitIfThen = 1u << 5,
};

// Memory that code can run from, as the host sees it. `constant` regions are decoded once; in the
// others the bytes of a block are compared with those decoded before it is counted again.
struct CodeRegion {
  const uint8_t* data;
  uint32_t base;
  uint32_t size;
  uint32_t constant;
  uint32_t reserved;
};

inline constexpr size_t kMaxRegions = 8;

struct HookState {
  uint64_t instructions;  // issued since power-on, whole blocks
  uint64_t clock;         // core cycles awake since power-on: modelled ones, or one an instruction
  uint64_t deadline;      // stop at the first block boundary where clock >= deadline
  uint32_t traits;        // union over the blocks since Python last cleared it
  uint32_t stop_after;    // stop at the boundary after a block with one of these traits
  uint32_t stop_before;   // stop before a block with one of these traits
  uint32_t blocked;       // traits of the block that `stop_before` held back, else 0
  uint32_t block_address;
  uint32_t block_size;  // bytes
  uint64_t blocks;
  int (*emu_stop)(void* engine);
  int (*reg_read)(void* engine, int reg, void* value);
  int (*reg_write)(void* engine, int reg, const void* value);
  CodeRegion regions[kMaxRegions];
  uint32_t region_count;
  uint32_t current_traits;  // of the executing block
  int32_t xpsr;             // Unicorn's number of that register
  int32_t reserved;
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_HOOK_H_
