"""What a profile found, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kws_tflm.firmware.placement import Placement
from kws_tflm.virtual_board.timing import Counters

CLOCK_HZ = 216_000_000


@dataclass(frozen=True)
class OperatorProfile:
    """One operator of one inference."""

    index: int
    """In the model's order."""
    name: str
    input_shape: tuple[int, ...]
    filter_shape: tuple[int, ...]
    """OHWI, or as TFLite keeps it; () without weights."""
    output_shape: tuple[int, ...]
    macs: int
    """Multiplications of the dense layer, zeros included; padding counted as if it were data."""
    macs_stored: int
    """Those of the weights that a sparse operator stores; the same as `macs` for a dense one."""
    weight_bytes: int
    """Constants in the model: weights, indices, biases."""
    counts: Counters

    @property
    def macs_per_cycle(self) -> float:
        """Dense-equivalent."""
        return self.macs / max(1, self.counts.cycles)


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    arena_bytes: int
    """Tensor arena in use."""
    flash_bytes: int
    """The image: code, constants and model."""
    model_bytes: int


@dataclass(frozen=True)
class ModelProfile:
    """One inference in a steady state: the second one, start-up left out."""

    model: str
    board: str
    kernels: str
    caches: str
    """``on`` or ``off``."""
    placement: Placement
    total: Counters
    operators: tuple[OperatorProfile, ...]
    memory: Memory
    output_crc: str
    """CRC-32 of the output for the pseudo-random input."""

    @property
    def overhead(self) -> Counters:
        """TFLM's loop over the operators, and what watching them costs."""
        left = self.total
        for operator in self.operators:
            left = left - operator.counts
        return left

    def to_json(self) -> dict[str, Any]:
        """Plain values; documented in docs/profile.md."""
        return {
            "model": self.model,
            "board": self.board,
            "kernels": self.kernels,
            "caches": self.caches,
            "placement": asdict(self.placement),
            "total": _counts(self.total) | {"ms": milliseconds(self.total.cycles)},
            "operators": [
                {
                    "index": op.index,
                    "name": op.name,
                    "input_shape": list(op.input_shape),
                    "filter_shape": list(op.filter_shape),
                    "output_shape": list(op.output_shape),
                    "macs": op.macs,
                    "macs_stored": op.macs_stored,
                    **_counts(op.counts),
                    "macs_per_cycle": round(op.macs_per_cycle, 4),
                    "weight_bytes": op.weight_bytes,
                    "share": round(op.counts.cycles / max(1, self.total.cycles), 5),
                }
                for op in self.operators
            ],
            "overhead": _counts(self.overhead),
            "memory": {
                "arena_bytes": self.memory.arena_bytes,
                "flash_bytes": self.memory.flash_bytes,
                "model_bytes": self.memory.model_bytes,
            },
            "output_crc": self.output_crc,
        }


@dataclass(frozen=True)
class FunctionUse:
    """A function's part of a window, callees not included."""

    name: str
    instructions: int
    cycles: int
    icache_misses: int
    dcache_misses: int


@dataclass(frozen=True)
class WindowProfile:
    """From an arrival at one address to the next arrival at another."""

    elf: str
    begin: str
    end: str
    nth: int
    """Which arrival at `begin`, from 1."""
    total: Counters
    functions: tuple[FunctionUse, ...]
    """Most cycles first; in whole blocks of code, so their sum is a few cycles off `total`."""
    clock_hz: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; documented in docs/profile.md."""
        return {
            "elf": self.elf,
            "begin": self.begin,
            "end": self.end,
            "nth": self.nth,
            "clock_hz": self.clock_hz,
            "total": _counts(self.total) | {"ms": milliseconds(self.total.cycles, self.clock_hz)},
            "functions": [asdict(function) for function in self.functions],
        }


def milliseconds(cycles: int, clock_hz: int = CLOCK_HZ) -> float:
    """Time of `cycles` at `clock_hz`, to the microsecond."""
    return round(cycles * 1000 / clock_hz, 3)


def _counts(counts: Counters) -> dict[str, Any]:
    return {
        "instructions": counts.instructions,
        "cycles": counts.cycles,
        "stalls": {cause: cycles for cause, cycles in counts.stalls.items() if cycles},
        "paired": counts.paired,
        "mispredicted": counts.mispredicted,
        "icache_misses": counts.icache_misses,
        "dcache_misses": counts.dcache_misses,
    }
