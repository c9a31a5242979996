// Stores on their way to memory: room in the store buffer, and when a load can have what a store
// before it wrote. Cycles are counted like those of the scoreboard.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_STORE_UNIT_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_STORE_UNIT_H_

#include <algorithm>
#include <cstdint>

#include "scoreboard.h"

namespace kws::board {

class StoreUnit {
 public:
  StoreUnit(const TimingTable& table, const uint8_t* busy)
      : table_(table), free_{busy[0], busy[1]} {}

  // First cycle at which the buffer takes one more store.
  int Room(int now) const {
    // Entries wait for either bank; both drain at once.
    const int limit = (table_.store_entries - 1) * table_.subword_store;
    int cycle = now;
    while (Busy(0, cycle) + Busy(1, cycle) > limit) ++cycle;
    return cycle;
  }

  // First cycle at which the load `index` can have what the stores before it wrote.
  int Written(size_t index, const AccessPattern& pattern) const {
    int cycle = 0;
    if (pattern.hazards == nullptr) return cycle;
    for (const StoreHazard& hazard : *pattern.hazards) {
      if (hazard.load != index) continue;
      const int store = hazard.store == kBeforeBlock ? 0 : issued_[hazard.store];
      cycle = std::max(cycle, store + hazard.delay);
    }
    return cycle;
  }

  // The store `index` issues.
  void Add(const Operation& op, size_t index, int cycle, const AccessPattern& pattern,
           Outcome* outcome) {
    const bool unaligned = pattern.unaligned >> index & 1;
    const int bank = pattern.bank >> index & 1 ? 1 : 0;
    const int service = unaligned && !(op.flags & kMultiStore) ? table_.unaligned_store
                        : (op.flags & kSubWordStore)           ? table_.subword_store
                                                               : 1;
    free_[bank] = std::max(free_[bank], cycle) + service;
    issued_[index] = cycle;
    uint16_t* tail = outcome->tail_stores;
    std::copy_backward(tail, tail + kTailStores - 1, tail + kTailStores);
    tail[0] = static_cast<uint16_t>(cycle);
    if (outcome->tail_store_count < kTailStores) ++outcome->tail_store_count;
  }

  // Cycles until the bank has drained.
  int Busy(int bank, int now) const { return std::max(0, free_[bank] - now); }

 private:
  const TimingTable& table_;
  int free_[2];
  int issued_[kBlockOperations] = {};
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_STORE_UNIT_H_
