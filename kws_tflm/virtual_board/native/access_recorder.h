// Data accesses of the executing run of code, and what they mean to the pipeline: memory banks,
// alignment, loads of what has just been stored.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_ACCESS_RECORDER_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_ACCESS_RECORDER_H_

#include <cstddef>
#include <cstdint>

#include "scoreboard.h"

namespace kws::board {

class AccessRecorder {
 public:
  explicit AccessRecorder(const TimingTable& table) : table_(table) {}

  // A run of code begins: nothing recorded.
  void Begin() { count_ = at_ = 0; }
  void Record(uint32_t address, uint32_t size) {
    if (count_ < kMaxAccesses) accesses_[count_] = {address, size};
    ++count_;
  }
  // All of `expected` accesses were made and kept. Conditional instructions that were skipped make
  // none; then who made which is not known.
  bool Knows(uint32_t expected) const { return count_ == expected && count_ <= kMaxAccesses; }
  // The first `expected` accesses were made, and perhaps some of the instruction that makes the
  // next.
  bool KnowsUpTo(uint32_t expected) const { return count_ >= expected && expected <= kMaxAccesses; }

  // What is recorded of the first `operations` operations of the next block of the run. `clock`:
  // cycle of the last issue before the block. The stores count as made; `Stored` says when.
  void Take(const Block& block, size_t operations, uint64_t clock, AccessPattern* pattern,
            StoreHazards* hazards);
  // The pattern of a block whose accesses are not known.
  static AccessPattern Unknown(const Block& block);
  // The stores of the block that was taken last issued as `outcome` says, after `clock`.
  void Stored(const Outcome& outcome, uint64_t clock);

 private:
  static constexpr size_t kMaxAccesses = 2048;
  static constexpr size_t kWords = 64;  // a power of two
  struct Recorded {
    uint32_t address;
    uint32_t size;
  };
  // The last store to a word: the how manieth store it was, and in which beat of it.
  struct Store {
    uint32_t word;
    uint32_t number;
    uint32_t beat;
  };

  uint32_t Word(uint32_t address) const { return address / table_.store_load_bytes; }
  void Write(const MemoryOperation& op);
  void Read(const MemoryOperation& op, uint32_t first_store, uint64_t clock,
            StoreHazards* hazards) const;

  const TimingTable& table_;
  uint32_t count_ = 0;
  uint32_t at_ = 0;  // accesses of the run that have been taken
  Recorded accesses_[kMaxAccesses];
  Store stores_[kWords] = {};
  uint32_t store_count_ = kTailStores + 1;  // so that number 0 is long ago
  uint64_t stored_at_[kTailStores] = {};    // issue of the store of that number, modulo
  uint8_t store_index_[kTailStores] = {};   // operation of the block that is being taken
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_ACCESS_RECORDER_H_
