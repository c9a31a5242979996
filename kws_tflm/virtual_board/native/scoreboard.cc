#include "scoreboard.h"

#include <algorithm>
#include <cstring>

namespace kws::board {
namespace {

constexpr int kLongAgo = 100;

// Works in absolute cycles; cycle 0 is the last issue before the block.
class Pipeline {
 public:
  Pipeline(const TimingTable& table, const PipelineState& state) : table_(table), state_(state) {
    fetched_ = -static_cast<int>(state.lead);
    shadow_end_ = state.shadow;
    flags_set_ = -static_cast<int>(state.flags_age);
    for (int bank = 0; bank < 2; ++bank) store_free_[bank] = state.store_busy[bank];
    for (int reg = 0; reg < kRegisters; ++reg) issued_[reg] = -state.age[reg];
  }

  void Enter(Entry entry, uint32_t address, Outcome* outcome) {
    if (entry == Entry::kSequential) {
      chunk_ = (address - 1) / table_.fetch_bytes;
      return;
    }
    chunk_ = address / table_.fetch_bytes;
    if (entry == Entry::kTaken) {
      fetched_ += 1 + table_.btac_bubble;
      return;
    }
    const bool early = entry == Entry::kMispredicted && now_ - flags_set_ >= table_.early_flags;
    const int penalty = early ? table_.mispredict_early : table_.mispredict;
    redirect_ = now_ + state_.blocked + penalty;
    state_.blocked = 0;
    fetched_ = redirect_;
    state_.group_closed = 1;
    outcome->stalls[kBranch] += penalty - 1;
    first_stall_ = penalty - 1;
  }

  void Issue(const Block& block, size_t index, const AccessPattern& pattern, Outcome* outcome,
             board::Issue* trace) {
    const Operation& op = block.operations[index];
    const uint64_t bit = index < 64 ? uint64_t{1} << index : 0;
    uint8_t cause = kAlu;
    int cycle = now_;
    const bool pairs = CanPair(op, block, index, pattern);
    if (!pairs || Ready(op, now_, &cause) > now_ || Structural(op, now_, &cause) > now_ ||
        Fetched(block, op) > now_) {
      cycle = NewCycle(block, op, outcome, trace);
      state_.group_count = 0;
      state_.group_tags = state_.group_conflicts = 0;
      state_.group_closed = 0;
    } else if (trace != nullptr) {
      *trace = board::Issue{};
    }
    const bool younger = state_.group_count == 1;
    Advance(cycle, block, op);
    if (trace != nullptr) {
      trace->cycle = static_cast<uint32_t>(cycle);
      trace->younger = younger ? 1 : 0;
    }
    outcome->paired += younger ? 1 : 0;
    Execute(op, cycle, younger, bit, pattern, outcome, trace);
  }

  PipelineState Leave() {
    PipelineState out = state_;
    for (int reg = 0; reg < kRegisters; ++reg) {
      const int age = now_ - issued_[reg];
      const bool over = out.kind[reg] == 0 || age >= table_.kind_lifetime[out.kind[reg]];
      out.kind[reg] = over ? 0 : out.kind[reg];
      out.age[reg] = over ? 0 : static_cast<int8_t>(age);
    }
    out.lead = static_cast<uint8_t>(std::clamp(now_ - fetched_, 0, int{table_.fetch_queue}));
    out.shadow = static_cast<uint8_t>(std::max(0, shadow_end_ - now_));
    out.flags_age = static_cast<uint8_t>(std::min(now_ - flags_set_, int{table_.early_flags}));
    for (int bank = 0; bank < 2; ++bank) {
      out.store_busy[bank] = static_cast<uint8_t>(std::max(0, store_free_[bank] - now_));
    }
    if (out.group_count == 2) out.group_closed = 1;
    if (out.group_closed) out.group_tags = out.group_conflicts = out.group_count = 0;
    return out;
  }

  int now() const { return now_; }

 private:
  bool CanPair(const Operation& op, const Block& block, size_t index,
               const AccessPattern& pattern) const {
    if (state_.group_closed || state_.group_count != 1 || state_.blocked != 0) return false;
    if (op.flags & (kAlone | kOlderOnly)) return false;
    if ((op.flags & kShadowOlder) && now_ < shadow_end_) return false;
    if ((op.tags & state_.group_conflicts) || (op.conflicts & state_.group_tags)) return false;
    // Two loads need different banks; the pattern is known within the block.
    if ((op.flags & kLoad) && index > 0 && index < 64 &&
        (block.operations[index - 1].flags & kLoad)) {
      const uint64_t banks = pattern.bank ^ (pattern.bank << 1);
      if ((block.bank_matters >> index & 1) && !(banks >> index & 1)) return false;
    }
    return true;
  }

  // First cycle at which all operands of `op` are there, not before `earliest`.
  int Ready(const Operation& op, int earliest, uint8_t* cause) const {
    int ready = earliest;
    for (int i = 0; i < op.source_count; ++i) {
      const Source& source = op.sources[i];
      const uint8_t kind = state_.kind[source.reg];
      if (kind == 0) continue;
      const int available = issued_[source.reg] + table_.latency[kind][source.use];
      if (available > ready) {
        ready = available;
        *cause = table_.kind_cause[kind];
      }
    }
    return ready;
  }

  int Structural(const Operation& op, int earliest, uint8_t* cause) const {
    int cycle = earliest;
    if ((op.flags & kShadowBlocked) && shadow_end_ > cycle) {
      cycle = shadow_end_;
      *cause = kFpu;
    }
    if (op.flags & kStore) {
      const int room = StoreRoom();
      if (room > cycle) {
        cycle = room;
        *cause = kStoreBuffer;
      }
    }
    return cycle;
  }

  // First cycle at which the store buffer takes one more store.
  int StoreRoom() const {
    // Entries wait for either bank; both drain at once.
    const int limit = (table_.store_entries - 1) * table_.subword_store;
    int cycle = now_;
    while (std::max(0, store_free_[0] - cycle) + std::max(0, store_free_[1] - cycle) > limit)
      ++cycle;
    return cycle;
  }

  int FetchTime(uint32_t last_chunk, int now) const {
    const int steps = static_cast<int>(last_chunk - chunk_);
    int fetched = std::max(fetched_, now - int{table_.fetch_queue});
    return fetched + steps;
  }

  int Fetched(const Block& block, const Operation& op) const {
    const uint32_t last = (block.address + op.offset + op.size - 1u) / table_.fetch_bytes;
    return FetchTime(last, now_);
  }

  int NewCycle(const Block& block, const Operation& op, Outcome* outcome, board::Issue* trace) {
    const int start = std::max(now_ + 1 + state_.blocked, redirect_);
    int stalls[kPipelineCauses] = {};
    stalls[kBranch] += first_stall_;  // already in the outcome
    first_stall_ = 0;
    uint8_t cause = kAlu;
    int cycle = start;
    const int fetched = Fetched(block, op);
    if (fetched > cycle) {
      stalls[kFetch] += fetched - cycle;
      outcome->stalls[kFetch] += fetched - cycle;
      cycle = fetched;
    }
    const int ready = Ready(op, cycle, &cause);
    if (ready > cycle) {
      stalls[cause] += ready - cycle;
      outcome->stalls[cause] += ready - cycle;
      cycle = ready;
    }
    const int room = Structural(op, cycle, &cause);
    if (room > cycle) {
      stalls[cause] += room - cycle;
      outcome->stalls[cause] += room - cycle;
      cycle = room;
    }
    state_.blocked = 0;
    if (trace != nullptr) {
      *trace = board::Issue{};
      for (int i = 0; i < kPipelineCauses; ++i) {
        trace->stalls[i] = static_cast<uint16_t>(stalls[i]);
        trace->stalled = static_cast<uint16_t>(trace->stalled + stalls[i]);
        if (stalls[i] > stalls[trace->cause]) trace->cause = static_cast<uint8_t>(i);
      }
    }
    return cycle;
  }

  void Advance(int cycle, const Block& block, const Operation& op) {
    const uint32_t last = (block.address + op.offset + op.size - 1u) / table_.fetch_bytes;
    fetched_ = FetchTime(last, cycle);
    chunk_ = last;
    now_ = cycle;
  }

  void Execute(const Operation& op, int cycle, bool younger, uint64_t bit,
               const AccessPattern& pattern, Outcome* outcome, board::Issue* trace) {
    const bool early = GoesEarly(op, cycle, younger);
    for (int i = 0; i < op.destination_count; ++i) {
      const Destination& destination = op.destinations[i];
      state_.kind[destination.reg] = early && i == 0 ? table_.early_kind : destination.kind;
      issued_[destination.reg] = cycle + destination.beat;
    }
    if (op.flags & kSetsFlags) flags_set_ = cycle;
    int extra = op.cycles - 1;
    int extra_cause = op.cause;
    if (op.flags & kMultiplyAdd) shadow_end_ = cycle + 1 + table_.shadow;
    const bool unaligned = (pattern.unaligned & bit) != 0;
    if ((op.flags & kLoad) && unaligned) extra += table_.unaligned_load, extra_cause = kLoadUse;
    if (op.flags & kStore) {
      if ((op.flags & kMultiStore) && unaligned && op.accesses % 2 == 0) extra += 1;
      const int bank = (pattern.bank & bit) ? 1 : 0;
      const int service = unaligned && !(op.flags & kMultiStore) ? table_.unaligned_store
                          : (op.flags & kSubWordStore)           ? table_.subword_store
                                                                 : 1;
      store_free_[bank] = std::max(store_free_[bank], cycle) + service;
    }
    if (extra > 0) {
      state_.blocked = static_cast<uint8_t>(extra);
      outcome->stalls[extra_cause] += extra;
      if (trace != nullptr) {
        trace->stalls[extra_cause] = static_cast<uint16_t>(trace->stalls[extra_cause] + extra);
        trace->stalled = static_cast<uint16_t>(trace->stalled + extra);
        if (trace->stalls[extra_cause] > trace->stalls[trace->cause] || trace->stalled == extra) {
          trace->cause = static_cast<uint8_t>(extra_cause);
        }
      }
    }
    state_.group_count = static_cast<uint8_t>(state_.group_count + 1);
    state_.group_tags |= op.tags;
    state_.group_conflicts |= op.conflicts;
    if (op.flags & kAlone) state_.group_closed = 1;
    if (op.flags & kFlush) fetched_ = cycle + op.cycles;
  }

  bool GoesEarly(const Operation& op, int cycle, bool younger) const {
    if (!(op.flags & (kEarlyOlder | kEarlyEither))) return false;
    if (younger && !(op.flags & kEarlyEither)) return false;
    for (int i = 0; i < op.source_count; ++i) {
      const uint8_t kind = state_.kind[op.sources[i].reg];
      if (kind != 0 && issued_[op.sources[i].reg] + table_.latency[kind][table_.early_use] > cycle)
        return false;
    }
    return true;
  }

  const TimingTable& table_;
  PipelineState state_;
  int now_ = 0;
  int redirect_ = 0;
  int first_stall_ = 0;
  int fetched_ = 0;
  int shadow_end_ = 0;
  int flags_set_ = 0;
  int store_free_[2] = {};
  int issued_[kRegisters] = {};
  uint32_t chunk_ = 0;
};

}  // namespace

PipelineState EmptyPipeline() {
  PipelineState state;
  std::memset(&state, 0, sizeof(state));
  state.group_closed = 1;
  state.flags_age = 0;
  return state;
}

Outcome Simulate(const TimingTable& table, const Block& block, Entry entry,
                 const AccessPattern& pattern, PipelineState* state, Issue* trace) {
  Outcome outcome;
  Pipeline pipeline(table, *state);
  pipeline.Enter(entry, block.address, &outcome);
  for (size_t i = 0; i < block.operations.size(); ++i) {
    pipeline.Issue(block, i, pattern, &outcome, trace == nullptr ? nullptr : trace + i);
  }
  outcome.cycles = static_cast<uint32_t>(pipeline.now());
  *state = pipeline.Leave();
  return outcome;
}

}  // namespace kws::board
