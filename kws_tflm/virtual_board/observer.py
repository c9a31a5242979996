"""Counts of a running board: totals, markers in the code, what each block and instruction did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unicorn import UC_HOOK_CODE

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.cpu import count_instructions
from kws_tflm.virtual_board.cycle_model import CycleModel
from kws_tflm.virtual_board.machine import Machine
from kws_tflm.virtual_board.pipeline.structures import PIPELINE_CAUSES
from kws_tflm.virtual_board.timing import STALL_CAUSES, BlockUse, Counters, InstructionUse

Marker = Callable[[Counters], None]


class Observer:
    """Reads the counters of a `Machine`, in the middle of a block too."""

    def __init__(self, machine: Machine, model: CycleModel | None) -> None:
        self._machine = machine
        self._model = model
        self.running = False
        """The emulation runs: the executing block is not finished."""
        self._position: int | None = None
        self._markers: dict[int, list[Marker]] = {}

    def add_marker(self, address: int, callback: Marker) -> None:
        """Call `callback(Counters)` each time before the instruction at `address` executes."""
        address &= ~1
        if address not in self._markers:
            self.hook(address, self._on_marker)
        self._markers.setdefault(address, []).append(callback)

    def hook(self, address: int, callback: Callable[[int], None]) -> None:
        """Call `callback(address)` before the instruction there executes; `counters` is exact meanwhile."""

        def on_code(engine: Any, at: int, size: int, user: Any) -> None:
            self._position = at
            try:
                callback(at)
            except BaseException as error:
                self._machine.cpu.fail(error)
            finally:
                self._position = None

        self._machine.cpu.engine.hook_add(UC_HOOK_CODE, on_code, begin=address, end=address)

    def _on_marker(self, address: int) -> None:
        counters = self.counters()
        for callback in self._markers[address]:
            callback(counters)

    def counters(self) -> Counters:
        """Counts up to the present instruction at a marker or tap, else up to the last block."""
        state = self._machine.counter.state
        instructions = int(state.instructions)
        ahead = 0
        if self._position is not None:
            end = state.block_address + state.block_size
            code = self._machine.banks.read(self._position, end - self._position) or b""
            ahead = count_instructions(code)
        if self._model is None:
            return Counters(instructions - ahead, int(state.clock) - ahead)
        if not self.running:
            self._model.finish()
            state.clock = self._model.totals.cycles
        totals = self._model.totals
        partial = 0 if self._position is None else self._model.partial(self._position)
        misses = self._model.misses()
        return Counters(
            instructions=instructions - ahead,
            cycles=int(totals.cycles) + partial,
            stalls=dict(zip(STALL_CAUSES, totals.stalls, strict=True)),
            paired=int(totals.paired),
            mispredicted=int(totals.mispredicted),
            icache_misses=misses[0],
            dcache_misses=misses[1],
        )

    def blocks(self) -> list[BlockUse]:
        """What each block did since power-on."""
        return [
            BlockUse(u.address, u.size, u.executions, u.cycles, u.memory_cycles, u.instruction_misses, u.data_misses)
            for u in self._timed().blocks()
        ]

    def instructions(self, begin: int, end: int) -> list[InstructionUse]:
        """What the instructions in [begin, end) did since power-on, by address."""
        causes = STALL_CAUSES[:PIPELINE_CAUSES]
        return [
            InstructionUse(
                u.address, u.size, u.executions, u.cycles, u.younger, dict(zip(causes, u.stalls, strict=True))
            )
            for u in self._timed().instructions(begin, end)
        ]

    def _timed(self) -> CycleModel:
        if self._model is None:
            raise BoardError("this board only counts instructions: make it with timing=TimingOptions()")
        if not self.running:
            self._model.finish()
        return self._model
