#include "access_recorder.h"

#include <algorithm>

namespace kws::board {

AccessPattern AccessRecorder::Unknown(const Block& block) {
  AccessPattern pattern;
  pattern.bank = 0xAAAAAAAAAAAAAAAAull & block.bank_matters;
  return pattern;
}

void AccessRecorder::Take(const Block& block, size_t operations, uint64_t clock,
                          AccessPattern* pattern, StoreHazards* hazards) {
  const uint32_t first_store = store_count_;
  for (const MemoryOperation& op : block.memory) {
    if (op.index >= operations) break;
    const Recorded& first = accesses_[at_];
    const uint64_t bit = uint64_t{1} << op.index;
    const uint32_t alignment = op.alignment != 0 ? op.alignment : first.size;
    if (first.address & 4) pattern->bank |= bit;
    if (first.address & (alignment - 1)) pattern->unaligned |= bit;
    if (op.store) {
      Write(op);
    } else {
      Read(op, first_store, clock, hazards);
    }
    at_ += op.accesses;
  }
  pattern->bank &= block.bank_matters;
}

void AccessRecorder::Write(const MemoryOperation& op) {
  store_index_[store_count_ % kTailStores] = op.index;
  for (uint32_t i = 0; i < op.accesses; ++i) {
    const Recorded& access = accesses_[at_ + i];
    const uint32_t last = Word(access.address + access.size - 1);
    for (uint32_t word = Word(access.address); word <= last; ++word) {
      stores_[word % kWords] = {word, store_count_, i / 2};
    }
  }
  ++store_count_;
}

void AccessRecorder::Read(const MemoryOperation& op, uint32_t first_store, uint64_t clock,
                          StoreHazards* hazards) const {
  for (uint32_t i = 0; i < op.accesses; ++i) {
    const Recorded& access = accesses_[at_ + i];
    const uint32_t last = Word(access.address + access.size - 1);
    for (uint32_t word = Word(access.address); word <= last; ++word) {
      const Store& store = stores_[word % kWords];
      if (store.word != word || store_count_ - store.number > kTailStores) continue;
      const uint32_t slot = store.number % kTailStores;
      const bool inside = store.number >= first_store;
      const uint64_t age = inside ? 0 : std::min<uint64_t>(clock - stored_at_[slot], UINT8_MAX);
      const int delay = table_.store_load + static_cast<int>(store.beat) - static_cast<int>(i / 2) -
                        static_cast<int>(age);
      const uint8_t from = inside ? store_index_[slot] : kBeforeBlock;
      if (delay > 0) hazards->push_back({op.index, from, static_cast<uint8_t>(delay)});
    }
  }
}

void AccessRecorder::Stored(const Outcome& outcome, uint64_t clock) {
  for (uint32_t i = 0; i < outcome.tail_store_count; ++i) {
    stored_at_[(store_count_ - 1 - i) % kTailStores] = clock + outcome.tail_stores[i];
  }
}

}  // namespace kws::board
