#include "scoreboard.h"

#include <algorithm>
#include <cstring>

#include "fetch_unit.h"
#include "load_pair.h"
#include "store_unit.h"

namespace kws::board {
namespace {

// Works in absolute cycles; cycle 0 is the last issue before the block.
class Pipeline {
 public:
  Pipeline(const TimingTable& table, const PipelineState& state)
      : table_(table), state_(state), fetch_(table, state.lead), stores_(table, state.store_busy) {
    shadow_end_ = state.shadow;
    flags_set_ = -static_cast<int>(state.flags_age);
    for (int reg = 0; reg < kRegisters; ++reg) issued_[reg] = -state.age[reg];
  }

  void Enter(Entry entry, uint32_t address, Outcome* outcome) {
    if (entry == Entry::kSequential) return fetch_.GoOn(address);
    if (entry == Entry::kTaken) return fetch_.Branch(address);
    const bool early = entry == Entry::kMispredicted && now_ - flags_set_ >= table_.early_flags;
    const int penalty = early ? table_.mispredict_early : table_.mispredict;
    redirect_ = now_ + state_.blocked + penalty;
    fetch_.Redirect(address, redirect_);
    state_.blocked = 0;
    state_.group_closed = 1;
    outcome->stalls[kBranch] += penalty - 1;
    first_stall_ = penalty - 1;
  }

  void Issue(const Block& block, size_t index, const AccessPattern& pattern, Outcome* outcome,
             board::Issue* trace) {
    const Operation& op = block.operations[index];
    const uint8_t load = LoadBits(op, index, pattern);
    written_ = stores_.Written(index, pattern);
    uint8_t cause = kAlu;
    int cycle = now_;
    if (!CanPair(op, load) || Ready(op, now_, &cause) > now_ ||
        Structural(op, now_, &cause) > now_ || fetch_.Ready(block, op, now_) > now_) {
      cycle = NewCycle(block, op, outcome, trace);
      state_.group_count = state_.group_closed = state_.group_load = 0;
      state_.group_tags = state_.group_conflicts = 0;
    } else if (trace != nullptr) {
      *trace = board::Issue{};
    }
    const bool younger = state_.group_count == 1;
    fetch_.Take(block, op, cycle);
    now_ = cycle;
    if (trace != nullptr) {
      trace->cycle = static_cast<uint32_t>(cycle);
      trace->younger = younger ? 1 : 0;
    }
    outcome->paired += younger ? 1 : 0;
    Execute(op, younger);
    if (op.flags & kStore) stores_.Add(op, index, now_, pattern, outcome);
    const int extra = Hold(op, younger, load, pattern.unaligned >> index & 1);
    if (extra != 0) Stall(op, load, extra, outcome, trace);
    state_.group_load |= load;
  }

  PipelineState Leave() {
    PipelineState out = state_;
    for (int reg = 0; reg < kRegisters; ++reg) {
      const int age = now_ - issued_[reg];
      const bool over = out.kind[reg] == 0 || age >= table_.kind_lifetime[out.kind[reg]];
      out.kind[reg] = over ? 0 : out.kind[reg];
      out.age[reg] = over ? 0 : static_cast<int8_t>(age);
    }
    out.lead = static_cast<uint8_t>(fetch_.Lead(now_));
    out.shadow = static_cast<uint8_t>(std::max(0, shadow_end_ - now_));
    out.flags_age = static_cast<uint8_t>(std::min(now_ - flags_set_, int{table_.early_flags}));
    for (int bank = 0; bank < 2; ++bank) {
      out.store_busy[bank] = static_cast<uint8_t>(stores_.Busy(bank, now_));
    }
    if (out.group_count == 2) out.group_closed = 1;
    if (out.group_closed) {
      out.group_tags = out.group_conflicts = 0;
      out.group_count = out.group_load = 0;
    }
    return out;
  }

  int now() const { return now_; }

 private:
  bool CanPair(const Operation& op, uint8_t load) const {
    if (state_.group_closed || state_.group_count != 1) return false;
    if (op.flags & (kAlone | kOlderOnly)) return false;
    if ((op.flags & kShadowOlder) && now_ < shadow_end_) return false;
    if ((op.tags & state_.group_conflicts) || (op.conflicts & state_.group_tags)) return false;
    return LoadsPair(state_.group_load, load);
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
    if (written_ > cycle) {
      cycle = written_;
      *cause = kStoreBuffer;
    }
    if (op.flags & kStore) {
      const int room = stores_.Room(now_);
      if (room > cycle) {
        cycle = room;
        *cause = kStoreBuffer;
      }
    }
    return cycle;
  }

  int NewCycle(const Block& block, const Operation& op, Outcome* outcome, board::Issue* trace) {
    int stalls[kPipelineCauses] = {};
    stalls[kBranch] += first_stall_;  // already in the outcome
    first_stall_ = 0;
    int cycle = std::max(now_ + 1 + state_.blocked, redirect_);
    const auto wait = [&](int until, uint8_t cause) {
      if (until <= cycle) return;
      stalls[cause] += until - cycle;
      outcome->stalls[cause] += until - cycle;
      cycle = until;
    };
    wait(fetch_.Ready(block, op, now_), kFetch);
    uint8_t cause = kAlu;
    const int ready = Ready(op, cycle, &cause);
    wait(ready, cause);
    const int room = Structural(op, cycle, &cause);
    wait(room, cause);
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

  void Execute(const Operation& op, bool younger) {
    const bool early = GoesEarly(op, younger);
    for (int i = 0; i < op.destination_count; ++i) {
      const Destination& destination = op.destinations[i];
      state_.kind[destination.reg] = early && i == 0 ? table_.early_kind : destination.kind;
      issued_[destination.reg] = now_ + destination.beat;
    }
    if (op.flags & kSetsFlags) flags_set_ = now_;
    if (op.flags & kMultiplyAdd) shadow_end_ = now_ + 1 + table_.shadow;
    state_.group_count = static_cast<uint8_t>(state_.group_count + 1);
    state_.group_tags |= op.tags;
    state_.group_conflicts |= op.conflicts;
    if (op.flags & kAlone) state_.group_closed = 1;
    if (op.flags & kFlush) fetch_.Flush(now_ + op.cycles);
  }

  // Cycles that `op` holds the issue stage beyond those that its partner holds it.
  int Hold(const Operation& op, bool younger, uint8_t load, bool unaligned) const {
    int extra = op.cycles - 1;
    if (unaligned && (op.flags & kMultiStore) && op.accesses % 2 == 0) extra += 1;
    const uint8_t older = younger ? state_.group_load : uint8_t{0};
    if ((load | older) & kUnalignedLoad) extra = LoadHold(table_, older, load, younger, extra);
    // Of two loads the younger may shorten what the older alone would take.
    return std::max(extra - state_.blocked, load && older ? -int{state_.blocked} : 0);
  }

  void Stall(const Operation& op, uint8_t load, int extra, Outcome* outcome, board::Issue* trace) {
    const int cause = load ? int{kLoadUse} : op.cause;
    state_.blocked = static_cast<uint8_t>(state_.blocked + extra);
    outcome->stalls[cause] += extra;
    if (trace == nullptr || extra < 0) return;
    trace->stalls[cause] = static_cast<uint16_t>(trace->stalls[cause] + extra);
    trace->stalled = static_cast<uint16_t>(trace->stalled + extra);
    if (trace->stalls[cause] > trace->stalls[trace->cause] || trace->stalled == extra) {
      trace->cause = static_cast<uint8_t>(cause);
    }
  }

  bool GoesEarly(const Operation& op, bool younger) const {
    if (!(op.flags & (kEarlyOlder | kEarlyEither))) return false;
    if (younger && !(op.flags & kEarlyEither)) return false;
    for (int i = 0; i < op.source_count; ++i) {
      const uint8_t kind = state_.kind[op.sources[i].reg];
      if (kind != 0 && issued_[op.sources[i].reg] + table_.latency[kind][table_.early_use] > now_)
        return false;
    }
    return true;
  }

  const TimingTable& table_;
  PipelineState state_;
  FetchUnit fetch_;
  StoreUnit stores_;
  int now_ = 0;
  int redirect_ = 0;
  int first_stall_ = 0;
  int shadow_end_ = 0;
  int flags_set_ = 0;
  int written_ = 0;  // see StoreUnit, of the operation that is about to issue
  int issued_[kRegisters] = {};
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
