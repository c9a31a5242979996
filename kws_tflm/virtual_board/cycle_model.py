"""The native cycle model of a board: table in, totals out. The C++ side is `native/cycle_engine.h`."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from unicorn.unicorn_const import UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE
from unicorn.unicorn_py3 import unicorn as binding

from kws_tflm.errors import BoardError, ToolMissingError
from kws_tflm.virtual_board.block_counter import BlockCounter
from kws_tflm.virtual_board.pipeline import structures as s
from kws_tflm.virtual_board.pipeline.decode import Decoder
from kws_tflm.virtual_board.pipeline.table import PipelineTable, native_sizes

_FORGOTTEN = ("instructions", "data", "line", "regions")
_DECODE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)


class CycleModel:
    """Switches the counter of a board from counting to cycles.

    `fail(error)` is called from within the emulation when a block holds an instruction without timing.
    """

    def __init__(
        self,
        counter: BlockCounter,
        engine: Any,
        table: PipelineTable,
        read: Callable[[int, int], bytes | None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._library, self._hook = counter.library, counter.handle
        _declare(self._library)
        self.table = table
        self._decoder = Decoder(table)
        self._read = read
        self._fail = fail
        self._callback = _DECODE(self._decode)
        self._library.kws_timing_enable(self._hook, ctypes.byref(table.native), self._callback)
        self.settings = s.MemorySettings.from_address(self._library.kws_timing_settings(self._hook))
        self.totals = s.CycleTotals.from_address(self._library.kws_timing_totals(self._hook))
        memory = table.memory
        for name in ("axi_cycles", "sram_cycles", "fill_beats", "device_read", "device_write", "art_lines"):
            setattr(self.settings, name, memory[name])
        for cache in ("icache", "dcache"):
            ways = memory[f"{cache}_ways"]
            setattr(self.settings, f"{cache}_ways", ways)
            setattr(self.settings, f"{cache}_sets", memory[f"{cache}_bytes"] // memory["line_bytes"] // ways)
        self._attach(engine)

    def _attach(self, engine: Any) -> None:
        handle = ctypes.c_size_t()
        status = binding.uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
            ctypes.cast(self._library.kws_memory_hook, ctypes.c_void_p),
            ctypes.c_void_p(self._hook),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != 0:
            raise binding.UcError(status)

    def _decode(self, address: int, size: int, operations: int, capacity: int) -> int:
        try:
            code = self._read(address, size)
            if code is None:
                raise BoardError(f"cycle model: no memory at 0x{address:08x}")
            length = ctypes.sizeof(s.Operation)
            packed = self._decoder.packed(address, code)[: capacity * length]
            ctypes.memmove(operations, bytes(packed), len(packed))
        except BaseException as error:
            self._fail(error)
            return -1
        return len(packed) // length

    def reset(self) -> None:
        """Pipeline, predictor and caches as after reset; the totals stay."""
        self._library.kws_timing_reset(self._hook)

    def interrupted(self, cycles: int) -> None:
        """Control goes elsewhere by exception entry or return, which takes `cycles`."""
        self._library.kws_timing_break(self._hook, cycles)

    def finish(self) -> None:
        """Add the executing block's cycles to the totals; only between blocks."""
        self._library.kws_timing_finish(self._hook)

    def partial(self, address: int) -> int:
        """Cycles of the executing block up to, not with, the instruction at `address`."""
        return int(self._library.kws_timing_partial(self._hook, address))

    def invalidate(self, what: str, address: int = 0) -> None:
        """Forget what the caches hold, ``instructions``, ``data`` or the ``line`` of `address`, or the ``regions``."""
        self._library.kws_timing_invalidate(self._hook, _FORGOTTEN.index(what), address)

    def misses(self) -> tuple[int, int]:
        """Misses of the instruction cache and of the data cache since the start."""
        return int(self._library.kws_timing_misses(self._hook, 0)), int(self._library.kws_timing_misses(self._hook, 1))

    def blocks(self) -> list[s.BlockUse]:
        """What each block of code did since the start."""
        count = self._library.kws_timing_blocks(self._hook, None, 0)
        uses = (s.BlockUse * count)()
        self._library.kws_timing_blocks(self._hook, uses, count)
        return list(uses)

    def instructions(self, begin: int, end: int) -> list[s.InstructionUse]:
        """What the instructions in [begin, end) did since the start, by address."""
        count = self._library.kws_timing_instructions(self._hook, begin, end, None, 0)
        uses = (s.InstructionUse * count)()
        self._library.kws_timing_instructions(self._hook, begin, end, uses, count)
        return list(uses)


def _declare(library: ctypes.CDLL) -> None:
    library.kws_timing_sizes.argtypes, library.kws_timing_sizes.restype = [ctypes.c_uint32], ctypes.c_size_t
    sizes = tuple(library.kws_timing_sizes(i) for i in range(len(native_sizes())))
    if sizes != native_sizes():
        raise ToolMissingError("the virtual board's native library is of another version; run `make setup`")
    hook, word, size = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_size_t
    for name, arguments, result in (
        ("enable", [hook, ctypes.c_void_p, _DECODE], None),
        ("settings", [hook], ctypes.c_void_p),
        ("totals", [hook], ctypes.c_void_p),
        ("reset", [hook], None),
        ("break", [hook, word], None),
        ("finish", [hook], None),
        ("partial", [hook, word], word),
        ("invalidate", [hook, word, word], None),
        ("misses", [hook, word], ctypes.c_uint64),
        ("blocks", [hook, ctypes.c_void_p, size], size),
        ("instructions", [hook, word, word, ctypes.c_void_p, size], size),
    ):
        function = getattr(library, f"kws_timing_{name}")
        function.argtypes, function.restype = arguments, result
