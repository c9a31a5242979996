// Instruction fetch on the predicted path: aligned chunks, one a cycle, ahead of issue by as much
// as the queue holds. Cycles are counted like those of the scoreboard.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_FETCH_UNIT_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_FETCH_UNIT_H_

#include <algorithm>
#include <cstdint>

#include "scoreboard.h"

namespace kws::board {

class FetchUnit {
 public:
  FetchUnit(const TimingTable& table, int lead) : table_(table), fetched_(-lead) {}

  void GoOn(uint32_t address) { chunk_ = (address - 1) / table_.fetch_bytes; }
  void Branch(uint32_t address) {
    chunk_ = address / table_.fetch_bytes;
    fetched_ += 1 + table_.btac_bubble;
  }
  void Redirect(uint32_t address, int cycle) {
    chunk_ = address / table_.fetch_bytes;
    fetched_ = cycle;
  }
  // What follows is fetched again from `cycle` on.
  void Flush(int cycle) { fetched_ = cycle; }

  // First cycle at which all of `op` is there.
  int Ready(const Block& block, const Operation& op, int now) const {
    return Time(LastChunk(block, op), now);
  }
  // `op` issues now.
  void Take(const Block& block, const Operation& op, int now) {
    const uint32_t last = LastChunk(block, op);
    fetched_ = Time(last, now);
    chunk_ = last;
  }
  int Lead(int now) const { return std::clamp(now - fetched_, 0, int{table_.fetch_queue}); }

 private:
  uint32_t LastChunk(const Block& block, const Operation& op) const {
    return (block.address + op.offset + op.size - 1u) / table_.fetch_bytes;
  }
  int Time(uint32_t last_chunk, int now) const {
    const int steps = static_cast<int>(last_chunk - chunk_);
    return std::max(fetched_, now - int{table_.fetch_queue}) + steps;
  }

  const TimingTable& table_;
  int fetched_;  // when `chunk_` was there
  uint32_t chunk_ = 0;
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_FETCH_UNIT_H_
