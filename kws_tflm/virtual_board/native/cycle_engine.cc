#include "cycle_engine.h"

#include <algorithm>
#include <cstring>

namespace kws::board {
namespace {

constexpr size_t kMaxOperations = 1024;

uint64_t Mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0x9E3779B97F4A7C15ull;
  return value ^ (value >> 29);
}

}  // namespace

void CycleEngine::Reset() {
  memory_.Reset();
  predictor_ = BranchPredictor(table_);
  state_ = Intern(EmptyPipeline());
  current_ = previous_ = kNone;
}

uint32_t CycleEngine::Intern(const PipelineState& state) {
  const std::string_view bytes(reinterpret_cast<const char*>(&state), sizeof(state));
  const auto found = state_of_.find(bytes);
  if (found != state_of_.end()) return found->second;
  const uint32_t index = static_cast<uint32_t>(states_.size());
  states_.push_back(std::make_unique<PipelineState>(state));
  state_of_.emplace(
      std::string_view(reinterpret_cast<const char*>(states_.back().get()), sizeof(state)), index);
  return index;
}

uint32_t CycleEngine::Decode(uint32_t address, uint32_t size) {
  std::vector<Operation> operations(kMaxOperations);
  const int count = decode_(address, size, operations.data(), kMaxOperations);
  if (count < 0) return kNone;
  operations.resize(static_cast<size_t>(count));
  operations.shrink_to_fit();
  auto block = std::make_unique<Block>();
  block->address = address;
  block->size = size;
  block->operations = std::move(operations);
  for (size_t i = 0; i < block->operations.size(); ++i) {
    const Operation& op = block->operations[i];
    block->accesses += op.accesses;
    if (i >= 64 || op.accesses == 0) continue;
    const uint64_t bit = uint64_t{1} << i;
    block->alignment_matters |= bit;
    const bool pair = i > 0 && (op.flags & kLoad) && (block->operations[i - 1].flags & kLoad) &&
                      op.accesses == 1 && block->operations[i - 1].accesses == 1;
    if (pair) block->bank_matters |= bit | (bit >> 1);
    if (op.flags & kSubWordStore) block->bank_matters |= bit;
  }
  blocks_.push_back(std::move(block));
  counts_.emplace_back();
  return static_cast<uint32_t>(blocks_.size() - 1);
}

uint32_t CycleEngine::Find(uint32_t address, uint32_t size, bool changed) {
  const uint64_t key = (uint64_t{address} << 32) | size;
  const auto found = changed ? block_of_.end() : block_of_.find(key);
  if (found != block_of_.end()) return found->second;
  const uint32_t index = Decode(address, size);
  if (index != kNone) block_of_[key] = index;
  return index;
}

void CycleEngine::Begin(uint32_t index) {
  const uint32_t address = blocks_[index]->address;
  entry_ = Entry::kSequential;
  if (previous_ != kNone) {
    entry_ = predictor_.Follow(*blocks_[previous_], address);
    if (entry_ >= Entry::kMispredicted) ++totals.mispredicted;
  }
  current_ = index;
  access_count_ = 0;
  const uint64_t misses = memory_.instruction_misses;
  wait_ = memory_.Fetch(address, blocks_[index]->size);
  if (wait_ != 0) {
    totals.stalls[kInstructionCache] += wait_;
    counts_[index].instruction_misses += memory_.instruction_misses - misses;
  }
}

void CycleEngine::Access(uint32_t address, uint32_t size, bool write) {
  if (access_count_ < kMaxAccesses) accesses_[access_count_] = {address, size};
  ++access_count_;
  bool missed = false, uncached = false;
  const uint32_t wait = memory_.Access(address, write, &missed, &uncached);
  if (missed && current_ != kNone) ++counts_[current_].data_misses;
  if (wait == 0) return;
  totals.stalls[uncached ? kUncached : kDataCache] += wait;
  wait_ += wait;
}

AccessPattern CycleEngine::Pattern(const Block& block) const {
  AccessPattern pattern;
  // Conditional instructions that were skipped make no access; then who made which is not known.
  if (access_count_ != block.accesses || access_count_ > kMaxAccesses) {
    pattern.bank = 0xAAAAAAAAAAAAAAAAull & block.bank_matters;
    return pattern;
  }
  uint32_t at = 0;
  const size_t count = std::min<size_t>(block.operations.size(), 64);
  for (size_t i = 0; i < count && at < access_count_; ++i) {
    const Operation& op = block.operations[i];
    if (op.accesses == 0) continue;
    const Recorded& first = accesses_[at];
    const uint64_t bit = uint64_t{1} << i;
    const uint32_t alignment = op.flags & kMultiStore ? 8 : first.size;
    if (first.address & 4) pattern.bank |= bit;
    if (first.address & (alignment - 1)) pattern.unaligned |= bit;
    at += op.accesses;
  }
  pattern.bank &= block.bank_matters;
  return pattern;
}

void CycleEngine::Finish() {
  if (current_ == kNone) return;
  const Block& block = *blocks_[current_];
  AccessPattern pattern;
  if (block.accesses != 0) pattern = Pattern(block);
  const uint32_t index = FindEdge({state_, current_, pattern.bank, pattern.unaligned, entry_});
  Edge& edge = edges_[index];
  ++edge.count;
  totals.cycles += edge.outcome.cycles + wait_;
  totals.paired += edge.outcome.paired;
  for (int i = 0; i < kPipelineCauses; ++i) totals.stalls[i] += edge.outcome.stalls[i];
  counts_[current_].memory_cycles += wait_;
  state_ = edge.next;
  previous_ = current_;
  current_ = kNone;
}

uint64_t CycleEngine::Hash(const EdgeKey& key) {
  return Mix((uint64_t{key.state} << 32 | key.block) ^ Mix(key.bank + 0x51ull * key.unaligned) ^
             static_cast<uint64_t>(key.entry) << 17);
}

uint32_t CycleEngine::FindEdge(const EdgeKey& key) {
  if (table_index_.size() < 2 * (edges_.size() + 1)) GrowTable();
  const uint64_t hash = Hash(key);
  size_t slot = hash & (table_index_.size() - 1);
  for (;; slot = (slot + 1) & (table_index_.size() - 1)) {
    const uint32_t index = table_index_[slot];
    if (index == kNone) break;
    const EdgeKey& other = edges_[index].key;
    if (other.state == key.state && other.block == key.block && other.bank == key.bank &&
        other.unaligned == key.unaligned && other.entry == key.entry) {
      return index;
    }
  }
  Edge edge;
  edge.key = key;
  PipelineState state = *states_[key.state];
  edge.outcome =
      Simulate(table_, *blocks_[key.block], key.entry, {key.bank, key.unaligned}, &state);
  edge.next = Intern(state);
  const uint32_t index = static_cast<uint32_t>(edges_.size());
  edges_.push_back(edge);
  table_index_[slot] = index;
  return index;
}

void CycleEngine::GrowTable() {
  const size_t size = std::max<size_t>(1 << 14, table_index_.size() * 4);
  table_index_.assign(size, kNone);
  for (size_t i = 0; i < edges_.size(); ++i) {
    const EdgeKey& key = edges_[i].key;
    const uint64_t hash = Hash(key);
    size_t slot = hash & (size - 1);
    while (table_index_[slot] != kNone) slot = (slot + 1) & (size - 1);
    table_index_[slot] = static_cast<uint32_t>(i);
  }
}

void CycleEngine::Break(uint32_t cycles) {
  Finish();
  previous_ = kNone;
  state_ = 0;
  totals.cycles += cycles;
  totals.stalls[kException] += cycles;
}

uint32_t CycleEngine::Partial(uint32_t address) const {
  if (current_ == kNone) return 0;
  const Block& block = *blocks_[current_];
  if (address == block.address) return 0;  // before its code is fetched
  std::vector<Issue> trace(block.operations.size());
  PipelineState state = *states_[state_];
  Simulate(table_, block, entry_, {}, &state, trace.data());
  uint32_t cycles = wait_;
  for (size_t i = 0; i < trace.size() && block.address + block.operations[i].offset < address;
       ++i) {
    cycles = wait_ + trace[i].cycle;
  }
  return cycles;
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
    Simulate(table_, block, edge.key.entry, {edge.key.bank, edge.key.unaligned}, &state,
             trace.data());
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
