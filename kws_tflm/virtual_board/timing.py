"""Options and results of the cycle model, as callers of `Board` see them."""

from __future__ import annotations

from dataclasses import dataclass, field

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.pipeline.structures import CAUSES

STALL_CAUSES = CAUSES
"""Why cycles pass without an instruction issuing: ``load_use`` (a loaded value is not there yet), ``alu`` and
``fpu`` (a result), ``mac`` (a product), ``store`` (store buffer full, or a load of what was just stored),
``branch`` (misprediction), ``fetch`` (alignment of code), ``multi_cycle`` (LDM, divide, barriers), ``icache``,
``dcache`` (misses), ``uncached`` (memory and peripherals without a cache), ``exception`` (entry and return)."""


@dataclass(frozen=True)
class TimingOptions:
    """How the cycle model runs.

    `caches`: ``firmware`` (as the image switches them), ``on`` or ``off`` (whatever the image does).

    Raises:
        BoardError: another value.
    """

    caches: str = "firmware"

    def __post_init__(self) -> None:
        if self.caches not in ("firmware", "on", "off"):
            raise BoardError(f"caches={self.caches}: must be firmware, on or off")


@dataclass(frozen=True)
class Counters:
    """Counts since power-on; subtract two to get those of a window.

    `instructions` is exact. `cycles` is modelled, and equals `instructions` without a cycle model; idle cycles
    are in neither. `paired` instructions issued together with the one before them.
    """

    instructions: int
    cycles: int
    stalls: dict[str, int] = field(default_factory=dict)
    paired: int = 0
    mispredicted: int = 0
    icache_misses: int = 0
    dcache_misses: int = 0

    def __sub__(self, other: Counters) -> Counters:
        return Counters(
            instructions=self.instructions - other.instructions,
            cycles=self.cycles - other.cycles,
            stalls={cause: count - other.stalls.get(cause, 0) for cause, count in self.stalls.items()},
            paired=self.paired - other.paired,
            mispredicted=self.mispredicted - other.mispredicted,
            icache_misses=self.icache_misses - other.icache_misses,
            dcache_misses=self.dcache_misses - other.dcache_misses,
        )


@dataclass(frozen=True)
class BlockUse:
    """Executions of one straight run of code and the cycles, misses included, that it took."""

    address: int
    size: int
    executions: int
    cycles: int
    memory_cycles: int
    icache_misses: int
    dcache_misses: int


@dataclass(frozen=True)
class InstructionUse:
    """What one instruction did, summed over its executions.

    `cycles` passed from the issue of the instruction before to its own; `paired` is how often it issued in the
    same cycle as that one; `stalls` are the cycles of waiting, by cause.
    """

    address: int
    size: int
    executions: int
    cycles: int
    paired: int
    stalls: dict[str, int]
