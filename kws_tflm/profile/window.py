"""Profile of any image between two addresses: from an arrival at one to the next arrival at the other."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from kws_tflm.errors import BoardError
from kws_tflm.firmware.toolchain import Progress, show
from kws_tflm.profile.counts import open_board
from kws_tflm.profile.functions import FunctionMeter
from kws_tflm.profile.result import WindowProfile
from kws_tflm.virtual_board.elf_image import ElfImage, readable
from kws_tflm.virtual_board.timing import Counters

MAX_INSTRUCTIONS = 2_000_000_000
_CHUNK = 20_000_000  # instructions between two progress lines


def profile_window(
    elf: Path,
    begin: str,
    end: str,
    *,
    nth: int = 1,
    caches: str = "on",
    max_instructions: int = MAX_INSTRUCTIONS,
    progress: Progress = show,
) -> WindowProfile:
    """Run `elf` from power-on and count from the `nth` arrival at `begin` to the next arrival at `end`.

    The instruction at `begin` is counted, the one at `end` is not. Interrupt handlers that run meanwhile are.

    Args:
        elf: an image for the board.
        begin: a symbol (as in the symbol table, or as in the source), or an address such as 0x08001234.
        end: another, or the same one: then from one arrival to the next.
        nth: which arrival at `begin`, from 1.
        caches: ``on`` as the image has them, or ``off``.
        max_instructions: from power-on; then the search is given up.
        progress: takes short lines about how far the run is.

    Raises:
        BoardError: no such symbol (the nearest are named), an end that is not reached, or a fault.
    """
    if nth < 1 or max_instructions < 1:
        raise BoardError(f"arrival {nth} within {max_instructions} instructions; give positive numbers")
    board = open_board(Path(elf), caches)
    begin_address, end_address = resolve(board.image, begin), resolve(board.image, end)
    meter = FunctionMeter(board)
    marks: list[Counters] = []
    arrivals = 0

    def at_begin(now: Counters) -> None:
        nonlocal arrivals
        if marks:
            return
        arrivals += 1
        if arrivals == nth:
            marks.append(now)
            meter.start()

    def at_end(now: Counters) -> None:
        if len(marks) == 1:
            marks.append(now)
            meter.stop()
            board.stop()

    # At one address the end is asked first, so that one arrival is not both.
    board.add_marker(end_address, at_end)
    board.add_marker(begin_address, at_begin)
    while len(marks) < 2:
        left = max_instructions - board.instructions
        if left <= 0:
            raise BoardError(
                _missing(elf, begin, end, nth, arrivals, bool(marks), f"within {max_instructions} instructions")
            )
        result = board.run(stop=lambda: len(marks) == 2, max_instructions=min(left, _CHUNK))
        if len(marks) == 2:
            break
        if result.fault is not None:
            raise BoardError(f"{elf}: {result.fault.summary}")
        if result.reason != "instructions":
            raise BoardError(
                _missing(elf, begin, end, nth, arrivals, bool(marks), f"before the run ends ({result.reason})")
            )
        progress(f"{board.instructions / 1e6:.0f} M instructions, {begin} reached {arrivals} times")
    progress("")
    return WindowProfile(
        elf=str(elf),
        begin=begin,
        end=end,
        nth=nth,
        total=marks[1] - marks[0],
        functions=meter.functions(),
        clock_hz=board.core_hz,
    )


def resolve(image: ElfImage, name: str) -> int:
    """Address of a symbol, of a function by its name in the source, or of a number.

    Raises:
        BoardError: there is none, or there are several.
    """
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", name):
        return int(name, 16) & ~1
    if name in image.symbols:
        return image.symbols[name] & ~1
    if not image.symbols:
        raise BoardError(f"{image.path}: has no symbols; give addresses such as 0x08000200, or an image not stripped")
    by_source: dict[str, list[int]] = {}
    for function in image.functions:
        by_source.setdefault(readable(function.name), []).append(function.start)
    addresses = by_source.get(name, [])
    if len(addresses) == 1:
        return addresses[0]
    if addresses:
        places = ", ".join(f"0x{address:08x}" for address in addresses)
        raise BoardError(f"{image.path}: '{name}' names {len(addresses)} functions; give an address: {places}")
    near = difflib.get_close_matches(name, [*image.symbols, *by_source], n=3, cutoff=0.4)
    hint = f"; the nearest are {', '.join(dict.fromkeys(near))}" if near else ""
    raise BoardError(f"{image.path}: no symbol '{name}'{hint}")


def _missing(elf: Path, begin: str, end: str, nth: int, arrivals: int, began: bool, limit: str) -> str:
    if began:
        return f"{elf}: {end} is not reached after {begin} {limit}; choose another end or --max-instructions"
    times = f"{arrivals} times, not {nth}" if arrivals else "never"
    return f"{elf}: {begin} is reached {times} {limit}; choose another symbol, --nth or --max-instructions"
