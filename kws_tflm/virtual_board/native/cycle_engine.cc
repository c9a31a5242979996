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

// Lists the operations that access memory and those whose bank can matter: loads that may share a
// cycle with one beside them, also in the blocks before and after, and stores that hold a bank.
void FindMemoryOperations(Block* block) {
  const size_t count = block->operations.size();
  const auto single = [&](size_t i) {
    return i < count && (block->operations[i].flags & kLoad) && block->operations[i].accesses == 1;
  };
  for (size_t i = 0; i < count; ++i) {
    const Operation& op = block->operations[i];
    if (op.accesses == 0) continue;
    block->run_accesses += op.accesses;
    block->memory.push_back({static_cast<uint8_t>(i), op.accesses,
                             (op.flags & kStore) ? uint8_t{1} : uint8_t{0},
                             (op.flags & kMultiStore) ? uint8_t{8} : uint8_t{0}});
    const bool edge = i == 0 || i + 1 == count;
    const bool paired = single(i) && (edge || single(i - 1) || single(i + 1));
    if (paired || (op.flags & kSubWordStore)) block->bank_matters |= uint64_t{1} << i;
  }
}

}  // namespace

void CycleEngine::Reset() {
  memory_.Reset();
  predictor_ = BranchPredictor(table_);
  state_ = Intern(EmptyPipeline());
  Intern(StoreHazards{});
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

uint32_t CycleEngine::Intern(const StoreHazards& hazards) {
  const auto [place, added] =
      hazards_of_.try_emplace(hazards, static_cast<uint32_t>(hazards_.size()));
  if (added) hazards_.push_back(&place->first);
  return place->second;
}

uint32_t CycleEngine::Decode(uint32_t address, uint32_t size) {
  decoded_.resize(kMaxOperations);
  const int count = decode_(address, size, decoded_.data(), kMaxOperations);
  if (count < 0) return kNone;
  // From the end, so that each block knows the one after it.
  uint32_t next = kNone;
  const size_t whole = static_cast<size_t>(count);
  size_t end = whole;
  do {
    const size_t begin = end == 0 ? 0 : (end - 1) / kBlockOperations * kBlockOperations;
    auto block = std::make_unique<Block>();
    const uint32_t first = count == 0 ? 0 : decoded_[begin].offset;
    const uint32_t last = end == whole ? size : decoded_[end].offset;
    block->address = address + first;
    block->size = last - first;
    block->next = next;
    block->run_accesses = next == kNone ? 0 : blocks_[next]->run_accesses;
    block->operations.assign(decoded_.begin() + static_cast<ptrdiff_t>(begin),
                             decoded_.begin() + static_cast<ptrdiff_t>(end));
    for (Operation& op : block->operations) op.offset = static_cast<uint16_t>(op.offset - first);
    FindMemoryOperations(block.get());
    blocks_.push_back(std::move(block));
    counts_.emplace_back();
    next = static_cast<uint32_t>(blocks_.size() - 1);
    end = begin;
  } while (end != 0);
  return next;
}

uint32_t CycleEngine::Find(uint32_t address, uint32_t size, uint64_t digest) {
  const auto key = std::make_tuple(address, size, digest);
  const auto found = block_of_.find(key);
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
  recorder_.Begin();
  const uint64_t misses = memory_.instruction_misses;
  wait_ = memory_.Fetch(address, blocks_[index]->size);
  if (wait_ != 0) {
    totals.stalls[kInstructionCache] += wait_;
    counts_[index].instruction_misses += memory_.instruction_misses - misses;
  }
}

void CycleEngine::Access(uint32_t address, uint32_t size, bool write) {
  recorder_.Record(address, size);
  bool missed = false, uncached = false;
  const uint32_t wait = memory_.Access(address, write, &missed, &uncached);
  if (missed && current_ != kNone) ++counts_[current_].data_misses;
  if (wait == 0) return;
  totals.stalls[uncached ? kUncached : kDataCache] += wait;
  wait_ += wait;
}

CycleEngine::EdgeKey CycleEngine::Take(uint32_t index, Entry entry, bool known) {
  const Block& block = *blocks_[index];
  EdgeKey key{state_, index, 0, 0, 0, entry};
  if (block.memory.empty()) return key;
  AccessPattern pattern;
  if (known) {
    taken_.clear();
    recorder_.Take(block, block.operations.size(), totals.cycles, &pattern, &taken_);
    if (!taken_.empty()) key.hazards = Intern(taken_);
  } else {
    pattern = AccessRecorder::Unknown(block);
  }
  key.bank = pattern.bank;
  key.unaligned = pattern.unaligned;
  return key;
}

AccessPattern CycleEngine::PatternOf(const EdgeKey& key) const {
  return {key.bank, key.unaligned, hazards_[key.hazards]};
}

void CycleEngine::Finish() {
  if (current_ == kNone) return;
  const bool known = recorder_.Knows(blocks_[current_]->run_accesses);
  Entry entry = entry_;
  uint32_t index = current_;
  for (;;) {
    Edge& edge = edges_[FindEdge(Take(index, entry, known))];
    ++edge.count;
    if (known) recorder_.Stored(edge.outcome, totals.cycles);
    totals.cycles += edge.outcome.cycles;
    totals.paired += edge.outcome.paired;
    for (int i = 0; i < kPipelineCauses; ++i) {
      totals.stalls[i] += static_cast<uint64_t>(int64_t{edge.outcome.stalls[i]});
    }
    state_ = edge.next;
    if (blocks_[index]->next == kNone) break;
    index = blocks_[index]->next;
    entry = Entry::kSequential;
  }
  totals.cycles += wait_;
  counts_[current_].memory_cycles += wait_;
  previous_ = index;
  current_ = kNone;
}

uint64_t CycleEngine::Hash(const EdgeKey& key) {
  const uint64_t addresses = key.bank + 0x51ull * key.unaligned + (uint64_t{key.hazards} << 40);
  return Mix((uint64_t{key.state} << 32 | key.block) ^ Mix(addresses) ^
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
        other.unaligned == key.unaligned && other.hazards == key.hazards &&
        other.entry == key.entry) {
      return index;
    }
  }
  Edge edge;
  edge.key = key;
  PipelineState state = *states_[key.state];
  edge.outcome = Simulate(table_, *blocks_[key.block], key.entry, PatternOf(key), &state);
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

}  // namespace kws::board
