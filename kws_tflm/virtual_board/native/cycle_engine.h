// Cycles of the executed blocks. A block's cycles depend on the state that the pipeline is in, on
// how control came and on what its addresses do to the memory banks; each such combination is
// simulated once and remembered, so that the model runs at the speed of a table look-up.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_CYCLE_ENGINE_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_CYCLE_ENGINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "access_recorder.h"
#include "branch_predictor.h"
#include "memory_timing.h"
#include "scoreboard.h"

namespace kws::board {

// Fills `operations` (room for `capacity`) with those of the block; returns their number or -1.
using DecodeCallback = int (*)(uint32_t address, uint32_t size, Operation* operations,
                               uint32_t capacity);

// Totals since the start; Python reads them.
struct CycleTotals {
  uint64_t cycles;
  uint64_t paired;
  uint64_t mispredicted;
  uint64_t stalls[kCauses];
};

// What one block did.
struct BlockUse {
  uint32_t address;
  uint32_t size;
  uint64_t executions;
  uint64_t cycles;  // of the pipeline and the memories
  uint64_t memory_cycles;
  uint64_t instruction_misses;
  uint64_t data_misses;
};

// What one instruction did, summed over its executions.
struct InstructionUse {
  uint32_t address;
  uint32_t size;
  uint64_t executions;
  uint64_t cycles;   // from the issue of the one before to its own
  uint64_t younger;  // times it shared a cycle as the younger one
  uint64_t stalls[kPipelineCauses];
};

class CycleEngine {
 public:
  CycleEngine(const TimingTable& table, DecodeCallback decode)
      : table_(table), memory_(settings_), predictor_(table), recorder_(table_), decode_(decode) {
    Reset();
  }

  // Power-on or reset of the core: pipeline and caches empty.
  void Reset();
  static constexpr uint32_t kNone = 0xFFFFFFFF;

  // Number of the block at `address` whose bytes have this digest, decoded if it is new; kNone:
  // cannot be decoded.
  uint32_t Find(uint32_t address, uint32_t size, uint64_t digest);
  // The block of that number begins.
  void Begin(uint32_t index);
  // The block that is executing ends here; its cycles are added to the totals.
  void Finish();
  // Control does not go on where the last block ended (an exception, a debugger).
  void Break(uint32_t cycles);
  void Access(uint32_t address, uint32_t size, bool write);
  // Cycles of the executing run of code up to, not with, the instruction at `address`.
  uint32_t Partial(uint32_t address) const;

  std::vector<BlockUse> Blocks() const;
  std::vector<InstructionUse> Instructions(uint32_t begin, uint32_t end) const;

  CycleTotals totals = {};
  MemorySettings& settings() { return settings_; }
  MemoryTiming& memory() { return memory_; }

 private:
  struct EdgeKey {
    uint32_t state, block;
    uint64_t bank, unaligned;
    uint32_t hazards;  // in `hazards_`
    Entry entry;
  };
  struct Edge {
    EdgeKey key;
    uint32_t next;
    uint64_t count = 0;
    Outcome outcome;
  };
  struct Counts {
    uint64_t memory_cycles = 0, instruction_misses = 0, data_misses = 0;
  };

  uint32_t Decode(uint32_t address, uint32_t size);
  uint32_t AccessesBefore(uint32_t address) const;
  uint32_t Intern(const PipelineState& state);
  uint32_t Intern(const StoreHazards& hazards);
  static uint64_t Hash(const EdgeKey& key);
  uint32_t FindEdge(const EdgeKey& key);
  void GrowTable();
  // What the recorded accesses make of the next block of the executing run.
  EdgeKey Take(uint32_t block, Entry entry, bool known);
  AccessPattern PatternOf(const EdgeKey& key) const;

  TimingTable table_;
  MemorySettings settings_ = {};
  MemoryTiming memory_;
  BranchPredictor predictor_;
  AccessRecorder recorder_;
  DecodeCallback decode_;

  std::vector<Operation> decoded_;  // kept for its memory
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Counts> counts_;
  std::map<std::tuple<uint32_t, uint32_t, uint64_t>, uint32_t> block_of_;  // arguments of Find
  std::unordered_map<std::string_view, uint32_t> state_of_;
  std::vector<std::unique_ptr<PipelineState>> states_;  // at fixed places: `state_of_` views them
  std::map<StoreHazards, uint32_t> hazards_of_;
  std::vector<const StoreHazards*> hazards_;  // keys of `hazards_of_`; the first is empty
  StoreHazards taken_;                        // kept for its memory
  std::vector<Edge> edges_;
  std::vector<uint32_t> table_index_;  // open addressing, kNone = free

  uint32_t state_ = 0;
  uint32_t current_ = kNone;   // executing
  uint32_t previous_ = kNone;  // last finished; its branch is followed when the next one begins
  Entry entry_ = Entry::kSequential;
  uint32_t wait_ = 0;  // memory cycles of the executing block
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_CYCLE_ENGINE_H_
