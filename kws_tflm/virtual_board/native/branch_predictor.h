// Branch prediction on the real trace: two-bit counters, last targets and a return stack.
// Arm does not publish the Cortex-M7's predictor; sizes are in the timing table.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_BRANCH_PREDICTOR_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_BRANCH_PREDICTOR_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "scoreboard.h"

namespace kws::board {

class BranchPredictor {
 public:
  explicit BranchPredictor(const TimingTable& table)
      : counters_(table.history_entries, kUnseen), depth_(table.return_stack) {}

  // Control went from the end of `from` to `target`; says how, and learns.
  Entry Follow(const Block& from, uint32_t target) {
    const uint32_t end = from.address + from.size;
    const Operation* last = from.operations.empty() ? nullptr : &from.operations.back();
    const uint32_t flags = last == nullptr ? 0 : last->flags;
    if ((flags & kAnyBranch) == 0) return Entry::kSequential;
    const uint32_t address = from.address + last->offset;
    const bool taken = target != end;
    if ((flags & kConditional) && !(flags & kIndirect))
      return FollowConditional(address, taken, target);
    if (!taken && (flags & kConditional)) return FollowConditional(address, false, target);
    if (flags & kCall) Push(end);
    if (flags & kReturn) return Pop() == target ? Entry::kTaken : Entry::kMispredictedReturn;
    if (flags & kIndirect) {
      uint32_t& known = targets_[address];
      const bool hit = known == target;
      known = target;
      return hit ? Entry::kTaken : Entry::kMispredictedReturn;
    }
    return Entry::kTaken;
  }

 private:
  static constexpr uint8_t kUnseen = 4;

  Entry FollowConditional(uint32_t address, bool taken, uint32_t target) {
    uint8_t& counter = counters_[(address >> 1) % counters_.size()];
    // Unseen branches: backward ones are predicted taken.
    if (counter == kUnseen) counter = target <= address && taken ? 2 : 1;
    const bool predicted = counter >= 2;
    if (taken && counter < 3) ++counter;
    if (!taken && counter > 0) --counter;
    if (predicted != taken) return Entry::kMispredicted;
    return taken ? Entry::kTaken : Entry::kSequential;
  }

  void Push(uint32_t address) {
    if (stack_.size() == depth_) stack_.erase(stack_.begin());
    if (depth_ != 0) stack_.push_back(address);
  }

  uint32_t Pop() {
    if (stack_.empty()) return 0;
    const uint32_t top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::vector<uint8_t> counters_;
  std::vector<uint32_t> stack_;
  std::unordered_map<uint32_t, uint32_t> targets_;
  size_t depth_;
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_BRANCH_PREDICTOR_H_
