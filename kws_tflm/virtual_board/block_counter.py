"""The native block hook, as Python sees it: instruction count, deadline and block traits.

Counting has to happen once a block, about ten million times a second; a Python hook would make the
board three to four times slower. The C++ side is `native/block_hook.cc`, built by the project's
CMake into `_block_hook.so` beside this file.
"""

from __future__ import annotations

import ctypes
import weakref
from enum import IntFlag
from pathlib import Path
from typing import Any

from unicorn.arm_const import UC_ARM_REG_XPSR
from unicorn.unicorn_const import UC_HOOK_BLOCK
from unicorn.unicorn_py3 import unicorn as binding

from kws_tflm.errors import ToolMissingError

_LIBRARY = Path(__file__).with_name("_block_hook.so")
_MAX_REGIONS = 8
NEVER = (1 << 64) - 1


class Trait(IntFlag):
    """What a block of instructions contains; same bits as `kws::board::Trait`."""

    WFI = 1
    WFE = 2
    SEV = 4
    MASK = 8
    """CPS or MSR: the interrupt masks may have changed."""
    FPU = 16


class _CodeRegion(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("base", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("constant", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class _HookState(ctypes.Structure):
    _fields_ = (
        ("instructions", ctypes.c_uint64),
        ("clock", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("traits", ctypes.c_uint32),
        ("stop_after", ctypes.c_uint32),
        ("stop_before", ctypes.c_uint32),
        ("blocked", ctypes.c_uint32),
        ("block_address", ctypes.c_uint32),
        ("block_size", ctypes.c_uint32),
        ("blocks", ctypes.c_uint64),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("reg_write", ctypes.c_void_p),
        ("regions", _CodeRegion * _MAX_REGIONS),
        ("region_count", ctypes.c_uint32),
        ("current_traits", ctypes.c_uint32),
        ("xpsr", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    )


class BlockCounter:
    """Counts the instructions of a Unicorn engine and stops it at a deadline.

    `state` has the live fields (`instructions`, `clock`, `deadline`, `traits`, `stop_after`, `stop_before`,
    `blocked`, `block_address`, `block_size`, `blocks`); writing them from a callback takes effect at
    the next block.

    Raises:
        ToolMissingError: the native library has not been built.
    """

    def __init__(self) -> None:
        self.library = library = _load()
        self._callback = ctypes.cast(library.kws_block_hook, ctypes.c_void_p)
        self.handle = library.kws_hook_create()
        weakref.finalize(self, library.kws_hook_destroy, self.handle)
        self.state = _HookState.from_address(self.handle)
        self.state.deadline = NEVER
        self._buffers: list[Any] = []

    def attach(self, engine: Any) -> None:
        """Install the hook in the `unicorn.Uc` object `engine`."""
        for name in ("emu_stop", "reg_read", "reg_write"):
            setattr(self.state, name, ctypes.cast(getattr(binding.uclib, f"uc_{name}"), ctypes.c_void_p).value)
        self.state.xpsr = UC_ARM_REG_XPSR
        handle = ctypes.c_size_t()
        status = binding.uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            UC_HOOK_BLOCK,
            self._callback,
            ctypes.c_void_p(self.handle),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != 0:
            raise binding.UcError(status)

    def add_region(self, base: int, buffer: ctypes.Array[ctypes.c_char], *, constant: bool) -> None:
        """Tell the hook that code may run from `buffer`, mapped at `base`.

        `constant` memory (flash) is decoded once; in other memory each block is compared with what
        was decoded, so code copied into RAM is counted rightly.
        """
        index = self.state.region_count
        if index >= _MAX_REGIONS:
            raise ValueError("too many code regions")
        region = self.state.regions[index]
        region.data = ctypes.addressof(buffer)
        region.base, region.size, region.constant = base, len(buffer), int(constant)
        self.state.region_count = index + 1
        self._buffers.append(buffer)


def _load() -> ctypes.CDLL:
    path = _LIBRARY
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        raise ToolMissingError(
            f"{path}: the virtual board's native block hook is not built; run `make setup`"
        ) from None
    library.kws_hook_create.restype = ctypes.c_void_p
    library.kws_hook_destroy.argtypes = [ctypes.c_void_p]
    library.kws_hook_destroy.restype = None
    library.kws_hook_state_size.restype = ctypes.c_size_t
    if library.kws_hook_state_size() != ctypes.sizeof(_HookState):
        raise ToolMissingError(f"{path}: built from another version; run `make setup`")
    return library
