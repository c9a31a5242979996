"""A function instruction by instruction: how often, how long, with whom it issued, what it waited for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import capstone

from kws_tflm.errors import BoardError
from kws_tflm.profile.counts import open_board
from kws_tflm.profile.window import resolve
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.elf_image import ElfImage, readable

MAX_INSTRUCTIONS = 100_000_000


@dataclass(frozen=True)
class Line:
    """One instruction.

    `cycles` passed, on average an execution, from the issue of the instruction before to its own: 0 is an
    instruction that shared its cycle. `paired` is the share of executions that did. `stalls` are cycles an
    execution by cause; a misprediction and a refill are shown at the instruction that they delay.
    """

    address: int
    text: str
    executions: int
    cycles: float
    paired: float
    stalls: dict[str, float]


@dataclass(frozen=True)
class Annotation:
    """A function after a run."""

    elf: str
    function: str
    begin: int
    end: int
    instructions: int
    cycles: int
    lines: tuple[Line, ...]
    ended: str
    """Why the run ended."""


def annotate(
    elf: Path, function: str, *, until: str | None = None, caches: str = "on", max_instructions: int = MAX_INSTRUCTIONS
) -> Annotation:
    """Run `elf` from power-on with the cycle model and describe `function`.

    Args:
        elf: an image for the board.
        function: its name in the symbol table or in the source, or an address in it.
        until: stop at the first arrival at this symbol or address; else when the program exits, sleeps for
            good or faults, or after `max_instructions`.
        caches: ``on`` as the image has them, or ``off``.
        max_instructions: from power-on.

    Raises:
        BoardError: no such function or symbol, or the function is never executed.
    """
    board = open_board(Path(elf), caches)
    begin, end = _extent(board.image, function)
    if until is not None:
        board.add_marker(resolve(board.image, until), lambda counters: board.stop())
    result = board.run(max_instructions=max_instructions)
    uses = board.instruction_profile(begin, end)
    if not uses:
        raise BoardError(
            f"{elf}: {function} was not executed in {result.instructions} instructions (the run ended: {result.reason})"
        )
    text = _disassemble(board, begin, end)
    lines = tuple(
        Line(
            address=use.address,
            text=text.get(use.address, "?"),
            executions=use.executions,
            cycles=use.cycles / use.executions,
            paired=use.paired / use.executions,
            stalls={cause: count / use.executions for cause, count in use.stalls.items() if count},
        )
        for use in uses
    )
    return Annotation(
        elf=str(elf),
        function=function,
        begin=begin,
        end=end,
        instructions=sum(use.executions for use in uses),
        cycles=sum(use.cycles for use in uses),
        lines=lines,
        ended=result.reason,
    )


def _extent(image: ElfImage, name: str) -> tuple[int, int]:
    address = resolve(image, name)
    function = image.function_at(address)
    if function is None:
        raise BoardError(f"{image.path}: 0x{address:08x} is in no function of the symbol table")
    if function.size:
        return function.start, function.start + function.size
    following = [other.start for other in image.functions if other.start > function.start]
    return function.start, min(following, default=function.start + 4096)


def _disassemble(board: Board, begin: int, end: int) -> dict[int, str]:
    disassembler = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    disassembler.skipdata = True  # constants between the instructions
    code = board.read_memory(begin, end - begin)
    lines = {}
    for instruction in disassembler.disasm(code, begin):
        lines[instruction.address] = f"{instruction.mnemonic:<8}{instruction.op_str}".rstrip()
    return lines


def text(annotation: Annotation) -> str:
    """The annotation as a table."""
    rows = [
        f"{readable(annotation.function)} in {annotation.elf}: {annotation.instructions:,} instructions, "
        f"{annotation.cycles:,} cycles in the pipeline (modelled; cache misses not included)",
        "",
        f"{'address':<10} {'executions':>11} {'cycles':>7} {'paired':>7}  {'instruction':<36} waits (cycles each)",
    ]
    for line in annotation.lines:
        waits = sorted(line.stalls.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{cause.replace('_', '-')} {cycles:.2f}" for cause, cycles in waits if cycles >= 0.005)
        paired = f"{100 * line.paired:.0f} %" if line.paired else ""
        counts = f"{line.address:08x}   {line.executions:>11,} {line.cycles:>7.2f} {paired:>7}"
        rows.append(f"{counts}  {line.text:<36} {reasons}".rstrip())
    return "\n".join(rows)
