// What the pipeline model knows of an instruction, and the figures of the timing table. Python
// fills these structures from `pipeline/cortex_m7.toml` (same fields, same order in
// `pipeline/structures.py`); nothing here knows an instruction by name.
#ifndef KWS_TFLM_VIRTUAL_BOARD_NATIVE_OPERATION_H_
#define KWS_TFLM_VIRTUAL_BOARD_NATIVE_OPERATION_H_

#include <cstdint>

namespace kws::board {

// R0-R14, flags, S0-S31; a double register is a pair.
inline constexpr int kRegisters = 48;
inline constexpr int kMaxOperands = 36;
inline constexpr int kMaxKinds = 32;
inline constexpr int kMaxUses = 24;

enum OperationFlag : uint32_t {
  kOlderOnly = 1u << 0,   // issues from the older slot only
  kAlone = 1u << 1,       // shares its cycle with nothing
  kEarlyOlder = 1u << 2,  // executes in the early ALU from the older slot if its operands are there
  kEarlyEither = 1u << 3,  // the same from either slot
  kLoad = 1u << 4,
  kStore = 1u << 5,
  kSubWordStore = 1u << 6,  // byte or half-word
  kConditional = 1u << 7,   // conditional branch
  kDirect = 1u << 8,        // unconditional branch, target in the instruction
  kIndirect = 1u << 9,      // branch, target in a register or in memory
  kCall = 1u << 10,
  kReturn = 1u << 11,
  kSetsFlags = 1u << 12,
  kMultiplyAdd = 1u << 13,    // floating-point multiply-accumulate: casts a shadow
  kShadowBlocked = 1u << 14,  // cannot issue within the shadow
  kShadowOlder = 1u << 15,    // issues from the older slot only within the shadow
  kMultiStore = 1u << 16,     // STM, PUSH: one more cycle unless aligned to 8 bytes
  kFlush = 1u << 17,          // what follows is fetched again
};
inline constexpr uint32_t kAnyBranch = kConditional | kDirect | kIndirect;

struct Source {
  uint8_t reg;
  uint8_t use;
};

struct Destination {
  uint8_t reg;
  uint8_t kind;
  uint8_t beat;  // cycles after the issue (LDM: one pair of registers a cycle)
};

struct Operation {
  uint32_t tags;
  uint32_t conflicts;  // tags that the partner of a cycle must not have
  uint32_t flags;
  uint16_t offset;   // bytes from the start of the block
  uint8_t size;      // bytes
  uint8_t cycles;    // that the issue stage is taken
  uint8_t cause;     // Cause that cycles beyond the first count as
  uint8_t accesses;  // data accesses it makes
  uint8_t source_count;
  uint8_t destination_count;
  Source sources[kMaxOperands];
  Destination destinations[kMaxOperands];
};

// Why cycles pass without an instruction issuing.
enum Cause : uint8_t {
  kLoadUse,
  kAlu,
  kMac,
  kFpu,
  kStoreBuffer,
  kBranch,
  kFetch,
  kMultiCycle,
  kInstructionCache,
  kDataCache,
  kUncached,
  kException,
  kCauses
};
// The causes that the pipeline itself makes; the others are of memory and exceptions.
inline constexpr int kPipelineCauses = kMultiCycle + 1;

struct TimingTable {
  // Least distance in cycles between a producer of `kind` and the instruction that takes its result
  // as `use`.
  uint8_t latency[kMaxKinds][kMaxUses];
  uint8_t kind_cause[kMaxKinds];
  uint8_t kind_lifetime[kMaxKinds];  // longest of its latencies
  uint8_t early_kind;                // kind of a result of the early ALU
  uint8_t early_use;                 // use of an operand in the early ALU
  uint8_t mispredict;                // cycles from the branch to its target
  uint8_t mispredict_early;          // the same when the flags were set early
  uint8_t early_flags;               // ... that many cycles before the branch
  uint8_t fetch_bytes;               // aligned, a cycle
  uint8_t fetch_queue;               // cycles that fetching can be ahead
  uint8_t shadow;                    // cycles of a floating-point multiply-accumulate's shadow
  uint8_t store_entries;             // store buffer
  uint8_t subword_store;             // cycles that a bank needs for a byte or half-word
  uint8_t unaligned_load;            // further cycles, as the older of two
  uint8_t unaligned_store;           // cycles of a bank
  uint8_t store_load;                // cycles from a store to a load of what it wrote
  uint8_t store_load_bytes;          // aligned, of which both must touch one
  uint8_t btac_bubble;               // fetch cycles lost by a taken branch
  uint8_t return_stack;              // entries
  uint16_t history_entries;          // two-bit counters
};

}  // namespace kws::board

#endif  // KWS_TFLM_VIRTUAL_BOARD_NATIVE_OPERATION_H_
