// What the engine says of the blocks and instructions that have executed.
#include <algorithm>

#include "cycle_engine.h"

namespace kws::board {
namespace {

size_t OperationsBefore(const Block& block, uint32_t address) {
  size_t count = 0;
  while (count < block.operations.size() &&
         block.address + block.operations[count].offset < address) {
    ++count;
  }
  return count;
}

}  // namespace

uint32_t CycleEngine::Partial(uint32_t address) const {
  // Before the code of the run is fetched?
  if (current_ == kNone || address == blocks_[current_]->address) return 0;
  AccessRecorder recorder(recorder_);
  const bool known = recorder.KnowsUpTo(AccessesBefore(address));
  PipelineState state = *states_[state_];
  Entry entry = entry_;
  uint32_t cycles = 0;
  for (uint32_t index = current_; index != kNone; index = blocks_[index]->next) {
    const Block& block = *blocks_[index];
    const size_t count = OperationsBefore(block, address);
    if (count == 0) break;
    AccessPattern pattern = AccessRecorder::Unknown(block);
    StoreHazards hazards;
    if (known) {
      pattern = {0, 0, &hazards};
      recorder.Take(block, count, totals.cycles + cycles, &pattern, &hazards);
    }
    std::vector<Issue> trace(block.operations.size());
    const Outcome outcome = Simulate(table_, block, entry, pattern, &state, trace.data());
    if (known) recorder.Stored(outcome, totals.cycles + cycles);
    cycles += trace[count - 1].cycle;
    entry = Entry::kSequential;
  }
  return wait_ + cycles;
}

uint32_t CycleEngine::AccessesBefore(uint32_t address) const {
  uint32_t accesses = 0;
  for (uint32_t index = current_; index != kNone; index = blocks_[index]->next) {
    const size_t count = OperationsBefore(*blocks_[index], address);
    for (const MemoryOperation& op : blocks_[index]->memory) {
      if (op.index < count) accesses += op.accesses;
    }
  }
  return accesses;
}

std::vector<BlockUse> CycleEngine::Blocks() const {
  std::vector<BlockUse> uses(blocks_.size());
  for (size_t i = 0; i < uses.size(); ++i) {
    uses[i] = {blocks_[i]->address,      blocks_[i]->size,         0,
               counts_[i].memory_cycles, counts_[i].memory_cycles, counts_[i].instruction_misses,
               counts_[i].data_misses};
  }
  for (const Edge& edge : edges_) {
    uses[edge.key.block].executions += edge.count;
    uses[edge.key.block].cycles += edge.count * edge.outcome.cycles;
  }
  return uses;
}

std::vector<InstructionUse> CycleEngine::Instructions(uint32_t begin, uint32_t end) const {
  std::vector<InstructionUse> uses;
  std::unordered_map<uint32_t, size_t> place;
  std::vector<Issue> trace;
  for (const Edge& edge : edges_) {
    const Block& block = *blocks_[edge.key.block];
    if (block.address >= end || block.address + block.size <= begin || edge.count == 0) continue;
    trace.assign(block.operations.size(), Issue{});
    PipelineState state = *states_[edge.key.state];
    Simulate(table_, block, edge.key.entry, PatternOf(edge.key), &state, trace.data());
    uint32_t last = 0;
    for (size_t i = 0; i < trace.size(); ++i) {
      const uint32_t address = block.address + block.operations[i].offset;
      const auto [found, added] = place.try_emplace(address, uses.size());
      if (added) uses.push_back({address, block.operations[i].size, 0, 0, 0, {}});
      InstructionUse& use = uses[found->second];
      use.executions += edge.count;
      use.cycles += edge.count * (trace[i].cycle - last);
      use.younger += edge.count * trace[i].younger;
      for (int c = 0; c < kPipelineCauses; ++c) use.stalls[c] += edge.count * trace[i].stalls[c];
      last = trace[i].cycle;
    }
  }
  uses.erase(std::remove_if(uses.begin(), uses.end(),
                            [&](const InstructionUse& use) {
                              return use.address < begin || use.address >= end;
                            }),
             uses.end());
  std::sort(uses.begin(), uses.end(),
            [](const InstructionUse& a, const InstructionUse& b) { return a.address < b.address; });
  return uses;
}

}  // namespace kws::board
