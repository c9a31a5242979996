"""What each function of an image did between two moments of a timed board."""

from __future__ import annotations

from collections import Counter

from kws_tflm.profile.result import FunctionUse
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.cpu import count_instructions
from kws_tflm.virtual_board.elf_image import readable
from kws_tflm.virtual_board.timing import BlockUse

_Totals = dict[tuple[int, int], BlockUse]
NOWHERE = "(no symbol)"


class FunctionMeter:
    """Counts by function from `start` to `stop`, in whole blocks of code; both may be called from a marker."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._before: _Totals = {}
        self._after: _Totals = {}

    def start(self) -> None:
        """The window begins."""
        self._before = self._blocks()

    def stop(self) -> None:
        """The window has ended."""
        self._after = self._blocks()

    def functions(self) -> tuple[FunctionUse, ...]:
        """Most cycles first; callees are not part of their callers."""
        sums: dict[str, Counter[str]] = {}
        for key, after in self._after.items():
            before = self._before.get(key)
            executions = after.executions - (before.executions if before else 0)
            if executions == 0:
                continue
            sums.setdefault(self._name(after.address), Counter()).update(
                instructions=executions * count_instructions(self._board.read_memory(after.address, after.size)),
                cycles=after.cycles - (before.cycles if before else 0),
                icache_misses=after.icache_misses - (before.icache_misses if before else 0),
                dcache_misses=after.dcache_misses - (before.dcache_misses if before else 0),
            )
        uses = [FunctionUse(name, **values) for name, values in sums.items()]
        return tuple(sorted(uses, key=lambda use: (-use.cycles, use.name)))

    def _blocks(self) -> _Totals:
        return {(use.address, use.size): use for use in self._board.block_profile()}

    def _name(self, address: int) -> str:
        function = self._board.image.function_at(address)
        return NOWHERE if function is None else readable(function.name)
