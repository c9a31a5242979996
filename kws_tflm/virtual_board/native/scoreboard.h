// In-order dual-issue scoreboard of the Cortex-M7: the cycles of a run of instructions, given the
// state that the instructions before them left. The rules are those of `pipeline/cortex_m7.toml`.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_SCOREBOARD_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_SCOREBOARD_H_

#include <cstdint>
#include <vector>

#include "operation.h"

namespace kws::board {

// All that the past can still do to what follows, relative to the cycle of the last issue; two
// states with the same bytes behave the same for ever.
struct PipelineState {
  uint8_t kind[kRegisters];  // of the result that may still be on its way, 0 if none
  int8_t age[kRegisters];    // cycles since its issue
  uint32_t group_tags;       // of what has issued in the present cycle
  uint32_t group_conflicts;
  uint8_t group_count;
  uint8_t group_closed;
  uint8_t blocked;        // cycles that the issue stage stays taken
  uint8_t lead;           // cycles that fetching is ahead
  uint8_t shadow;         // cycles left of the multiply-accumulate's shadow
  uint8_t flags_age;      // cycles since the flags were set, saturating
  uint8_t store_busy[2];  // cycles until each bank has drained
};
static_assert(sizeof(PipelineState) == 2 * kRegisters + 16,
              "no padding: states are compared as bytes");

// How control came to a block.
enum class Entry : uint8_t { kSequential, kTaken, kMispredicted, kMispredictedReturn };

// What the addresses of a block's accesses say, one bit an operation each.
struct AccessPattern {
  uint64_t bank = 0;  // odd word
  uint64_t unaligned = 0;
};

struct Block {
  uint32_t address = 0;
  uint32_t size = 0;
  uint32_t accesses = 0;
  std::vector<Operation> operations;
  // Operations whose bank or alignment can matter, as bits; the first 64 only.
  uint64_t bank_matters = 0;
  uint64_t alignment_matters = 0;
};

struct Outcome {
  uint32_t cycles = 0;  // from the last issue before the block to the last issue in it
  uint32_t paired = 0;  // instructions that issued as the younger of two
  uint32_t stalls[kPipelineCauses] = {};
};

// One instruction of a traced simulation.
struct Issue {
  uint32_t cycle;  // since the last issue before the block
  uint8_t younger;
  uint8_t cause;  // of the longest wait
  uint16_t stalled;
  uint16_t stalls[kPipelineCauses];
};

// State of a pipeline that has just been filled anew.
PipelineState EmptyPipeline();

// Advances `state` over `block`. `trace`, if given, gets one element an operation.
Outcome Simulate(const TimingTable& table, const Block& block, Entry entry,
                 const AccessPattern& pattern, PipelineState* state, Issue* trace = nullptr);

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_SCOREBOARD_H_
