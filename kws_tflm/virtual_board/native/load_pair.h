// Two loads of one cycle: which may share it, and how long the unaligned ones hold it.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_LOAD_PAIR_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_LOAD_PAIR_H_

#include <cstddef>
#include <cstdint>

#include "scoreboard.h"

namespace kws::board {

// `GroupLoad` bits of an operation; 0: not a load of one access.
inline uint8_t LoadBits(const Operation& op, size_t index, const AccessPattern& pattern) {
  if (!(op.flags & kLoad) || op.accesses != 1) return 0;
  return static_cast<uint8_t>(kHasLoad | (pattern.bank >> index & 1 ? kOddBank : 0) |
                              (pattern.unaligned >> index & 1 ? kUnalignedLoad : 0));
}

// Two aligned loads need different banks.
inline bool LoadsPair(uint8_t older, uint8_t younger) {
  if (!older || !younger) return true;
  return ((older ^ younger) & kOddBank) || ((older | younger) & kUnalignedLoad);
}

// Further cycles of an unaligned load, or of two loads one of which is unaligned. `older`: of the
// partner that issued before `load` in this cycle, 0 if none; `extra`: what `load`'s operation
// takes if it is no load.
inline int LoadHold(const TimingTable& table, uint8_t older, uint8_t load, bool younger,
                    int extra) {
  if (!load) return extra;
  const bool both = older & load & kUnalignedLoad;
  int cycles = table.unaligned_load;
  if (both || (younger && (load & kUnalignedLoad))) ++cycles;
  // The aligned one reads the bank that the unaligned one reads first.
  if (older && !both && !((older ^ load) & kOddBank)) --cycles;
  return cycles;
}

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_LOAD_PAIR_H_
