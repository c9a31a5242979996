// Blocks of instructions that have been looked at, by address; notices when code in RAM changes.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_CACHE_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "block_hook.h"

namespace kws::board {

inline constexpr uint32_t kCopiedBytes = 52;

// One block of instructions: its length and traits.
struct CountedBlock {
  uint32_t address;
  uint16_t size;
  uint16_t instructions;
  uint16_t traits;
  uint8_t valid;
  uint8_t constant;
  uint8_t copy[kCopiedBytes];
  uint32_t timed;   // number in the cycle engine
  uint64_t digest;  // of the bytes, 0 in constant memory
};

// Direct mapped by address: a collision costs a second look, no more.
class BlockCache {
 public:
  // A block that is not `valid`: nothing can run from there. `timed` is `none` if the block was
  // not here before.
  CountedBlock& Lookup(const HookState& state, uint32_t address, uint32_t size, uint32_t none);

 private:
  static constexpr size_t kSlots = 1u << 15;
  CountedBlock blocks_[kSlots] = {};
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_BLOCK_CACHE_H_
