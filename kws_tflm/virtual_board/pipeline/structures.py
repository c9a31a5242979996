"""The C structures of `native/operation.h`, `memory_timing.h` and `cycle_engine.h`: same fields, same order."""

from __future__ import annotations

import ctypes

REGISTERS, MAX_OPERANDS, MAX_KINDS, MAX_USES, MAX_REGIONS = 48, 36, 32, 24, 24
FLAGS_REGISTER = 15
FIRST_FLOAT = 16
CAUSES = (
    "load_use",
    "alu",
    "mac",
    "fpu",
    "store",
    "branch",
    "fetch",
    "multi_cycle",
    "icache",
    "dcache",
    "uncached",
    "exception",
)
"""Why cycles pass without an instruction issuing, in the order of `kws::board::Cause`."""
PIPELINE_CAUSES = 8


class OperationFlag:
    """`kws::board::OperationFlag`; plain integers, since arithmetic of enumeration members is slow."""

    OLDER_ONLY = 1 << 0
    ALONE = 1 << 1
    EARLY_OLDER = 1 << 2
    EARLY_EITHER = 1 << 3
    LOAD = 1 << 4
    STORE = 1 << 5
    SUB_WORD_STORE = 1 << 6
    CONDITIONAL = 1 << 7
    DIRECT = 1 << 8
    INDIRECT = 1 << 9
    CALL = 1 << 10
    RETURN = 1 << 11
    SETS_FLAGS = 1 << 12
    MULTIPLY_ADD = 1 << 13
    SHADOW_BLOCKED = 1 << 14
    SHADOW_OLDER = 1 << 15
    MULTI_STORE = 1 << 16
    FLUSH = 1 << 17


class _Source(ctypes.Structure):
    _fields_ = (("reg", ctypes.c_uint8), ("use", ctypes.c_uint8))


class _Destination(ctypes.Structure):
    _fields_ = (("reg", ctypes.c_uint8), ("kind", ctypes.c_uint8), ("beat", ctypes.c_uint8))


class Operation(ctypes.Structure):
    """`kws::board::Operation`."""

    _fields_ = (
        ("tags", ctypes.c_uint32),
        ("conflicts", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("offset", ctypes.c_uint16),
        ("size", ctypes.c_uint8),
        ("cycles", ctypes.c_uint8),
        ("cause", ctypes.c_uint8),
        ("accesses", ctypes.c_uint8),
        ("source_count", ctypes.c_uint8),
        ("destination_count", ctypes.c_uint8),
        ("sources", _Source * MAX_OPERANDS),
        ("destinations", _Destination * MAX_OPERANDS),
    )


class TimingTable(ctypes.Structure):
    """`kws::board::TimingTable`."""

    _fields_ = (
        ("latency", (ctypes.c_uint8 * MAX_USES) * MAX_KINDS),
        ("kind_cause", ctypes.c_uint8 * MAX_KINDS),
        ("kind_lifetime", ctypes.c_uint8 * MAX_KINDS),
        ("early_kind", ctypes.c_uint8),
        ("early_use", ctypes.c_uint8),
        ("mispredict", ctypes.c_uint8),
        ("mispredict_early", ctypes.c_uint8),
        ("early_flags", ctypes.c_uint8),
        ("fetch_bytes", ctypes.c_uint8),
        ("fetch_queue", ctypes.c_uint8),
        ("shadow", ctypes.c_uint8),
        ("store_entries", ctypes.c_uint8),
        ("subword_store", ctypes.c_uint8),
        ("unaligned_load", ctypes.c_uint8),
        ("unaligned_store", ctypes.c_uint8),
        ("store_load", ctypes.c_uint8),
        ("store_load_bytes", ctypes.c_uint8),
        ("btac_bubble", ctypes.c_uint8),
        ("return_stack", ctypes.c_uint8),
        ("history_entries", ctypes.c_uint16),
    )


class MemoryRegion(ctypes.Structure):
    """`kws::board::MemoryRegion`; `port` is one of the `PORT_` values."""

    _fields_ = tuple((name, ctypes.c_uint32) for name in ("base", "size", "port", "is_flash"))


PORT_TCM, PORT_AXI, PORT_ART, PORT_DEVICE, PORT_UNCACHED = range(5)


class MemorySettings(ctypes.Structure):
    """`kws::board::MemorySettings`."""

    _fields_ = (
        ("regions", MemoryRegion * MAX_REGIONS),
        *(
            (name, ctypes.c_uint32)
            for name in (
                "region_count", "instruction_cache", "data_cache", "art", "prefetch", "flash_wait_states",
                "axi_cycles", "sram_cycles", "fill_beats", "device_read", "device_write",
                "icache_sets", "icache_ways", "dcache_sets", "dcache_ways", "art_lines",
            )
        ),
    )  # fmt: skip


class CycleTotals(ctypes.Structure):
    """`kws::board::CycleTotals`."""

    _fields_ = (
        ("cycles", ctypes.c_uint64),
        ("paired", ctypes.c_uint64),
        ("mispredicted", ctypes.c_uint64),
        ("stalls", ctypes.c_uint64 * len(CAUSES)),
    )


class BlockUse(ctypes.Structure):
    """`kws::board::BlockUse`."""

    _fields_ = (
        ("address", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        *(
            (name, ctypes.c_uint64)
            for name in ("executions", "cycles", "memory_cycles", "instruction_misses", "data_misses")
        ),
    )


class InstructionUse(ctypes.Structure):
    """`kws::board::InstructionUse`."""

    _fields_ = (
        ("address", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("executions", ctypes.c_uint64),
        ("cycles", ctypes.c_uint64),
        ("younger", ctypes.c_uint64),
        ("stalls", ctypes.c_uint64 * PIPELINE_CAUSES),
    )


NATIVE_ORDER = (TimingTable, Operation, MemorySettings, CycleTotals, BlockUse, InstructionUse)
"""The structures in the order of `kws_timing_sizes`."""
