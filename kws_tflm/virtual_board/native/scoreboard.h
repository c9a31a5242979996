// In-order dual-issue scoreboard of the Cortex-M7: the cycles of a run of instructions, given the
// state that the instructions before them left. The rules are those of `pipeline/cortex_m7.toml`.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_SCOREBOARD_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_SCOREBOARD_H_

#include <cstddef>
#include <cstdint>
#include <tuple>
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
  uint8_t group_load;     // `GroupLoad` bits of the load in the present cycle, 0 if none
  uint8_t reserved[3];
};
static_assert(sizeof(PipelineState) == 2 * kRegisters + 20,
              "no padding: states are compared as bytes");

enum GroupLoad : uint8_t { kHasLoad = 1, kOddBank = 2, kUnalignedLoad = 4 };

// How control came to a block.
enum class Entry : uint8_t { kSequential, kTaken, kMispredicted, kMispredictedReturn };

// A load of what a store has just written: it issues `delay` cycles or more after operation `store`
// of the same block or, with `kBeforeBlock`, after the last issue before the block.
struct StoreHazard {
  uint8_t load;
  uint8_t store;
  uint8_t delay;
  bool operator<(const StoreHazard& other) const {
    return std::tie(load, store, delay) < std::tie(other.load, other.store, other.delay);
  }
};
inline constexpr uint8_t kBeforeBlock = 0xFF;
using StoreHazards = std::vector<StoreHazard>;  // by `load`

// What the addresses of a block's accesses say, one bit an operation each.
struct AccessPattern {
  uint64_t bank = 0;  // odd word
  uint64_t unaligned = 0;
  const StoreHazards* hazards = nullptr;  // none if null
};

inline constexpr size_t kBlockOperations = 64;  // bits of a pattern
inline constexpr int kTailStores = 4;

// What is needed of an operation that accesses memory each time that it executes.
struct MemoryOperation {
  uint8_t index;
  uint8_t accesses;
  uint8_t store;
  uint8_t alignment;  // of the address, 0: that of the access
};

// At most `kBlockOperations` in a straight line; a longer run of code is a chain of blocks.
struct Block {
  uint32_t address = 0;
  uint32_t size = 0;
  uint32_t next = 0xFFFFFFFF;  // number of the block that goes on with the run, if any
  uint32_t run_accesses = 0;   // data accesses of this block and those that follow in the chain
  std::vector<Operation> operations;
  std::vector<MemoryOperation> memory;
  uint64_t bank_matters = 0;  // operations whose bank can matter, as bits
};

struct Outcome {
  uint32_t cycles = 0;  // from the last issue before the block to the last issue in it
  uint32_t paired = 0;  // instructions that issued as the younger of two
  int32_t stalls[kPipelineCauses] = {};
  // Issue of the last stores, newest first, counted like `cycles`.
  uint16_t tail_stores[kTailStores] = {};
  uint8_t tail_store_count = 0;
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
