"""Instruction sequences: one image with every sequence in two lengths, and the rows that come of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_tflm.calibration import image
from kws_tflm.calibration.measure import visits
from kws_tflm.calibration.rows import Row

SEQUENCES = Path(__file__).with_name("micro_sequences.toml")
BASES = ("measured", "rule", "model")
_LENGTHS = (4, 14)
_LOOP_LENGTHS = (100, 1100)
_WARM_RUNS = 3  # caches and branch history; the last run counts


@dataclass(frozen=True)
class Sequence:
    """One entry of micro_sequences.toml; the fields are described there."""

    group: str
    name: str
    body: str
    cycles: float
    basis: str
    source: str
    setup: str = ""
    baseline: str = ""
    loop: bool = False
    lengths: tuple[int, int] = _LENGTHS


def load(path: Path = SEQUENCES) -> list[Sequence]:
    """The sequences, in the order of the file, sources spelled out."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    sources: dict[str, str] = document["sources"]
    return [_sequence(entry, sources) for entry in document["sequence"]]


def _sequence(entry: dict[str, Any], sources: dict[str, str]) -> Sequence:
    loop = bool(entry.get("loop", False))
    short, long = entry.get("lengths", _LOOP_LENGTHS if loop else _LENGTHS)
    fields = {**entry, "source": sources[entry["source"]], "cycles": float(entry["cycles"]), "lengths": (short, long)}
    return Sequence(**fields)


def assembly(sequences: list[Sequence]) -> str:
    """GNU assembler text of the whole image: `main` and, for each sequence, its bodies between `isb`."""
    parts = [_HEAD]
    names = []
    for index, sequence in enumerate(sequences):
        for variant, body in _variants(sequence):
            for which, length in enumerate(sequence.lengths):
                name = f"seq_{index}_{variant}_{which}"
                names.append(name)
                parts.append(_function(name, sequence, body, length))
    calls = "".join(f"  bl {name}\n" * _WARM_RUNS for name in names)
    return "".join([*parts, _MAIN_HEAD, calls, _MAIN_TAIL])


def run(folder: Path) -> list[Row]:
    """Build, run and compare; the image and its source stay in `folder`.

    Raises:
        KwsError: no compiler, or the board stopped.
    """
    sequences = load()
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "micro_sequences.s"
    source.write_text(assembly(sequences), encoding="utf-8")
    elf = image.link(image.compile_objects([source], folder, []), folder / "micro_sequences.elf")
    ids = [
        f"seq_{i}_{variant}_{which}"
        for i, s in enumerate(sequences)
        for variant, _ in _variants(s)
        for which in range(len(s.lengths))
    ]
    labels = [f"{name}_{edge}" for name in ids for edge in ("begin", "end")]
    last = {visit.label: visit.counters for visit in visits(elf, labels)}
    windows = {name: last[f"{name}_end"] - last[f"{name}_begin"] for name in ids}
    rows = []
    for index, sequence in enumerate(sequences):
        short, long = sequence.lengths
        cycles = instructions = 0.0
        for variant, _ in _variants(sequence):
            sign = 1.0 if variant == "body" else -1.0
            difference = windows[f"seq_{index}_{variant}_1"] - windows[f"seq_{index}_{variant}_0"]
            cycles += sign * difference.cycles / (long - short)
            instructions += sign * difference.instructions / (long - short)
        rows.append(
            Row(
                group=sequence.group,
                name=sequence.name,
                predicted=cycles,
                published=sequence.cycles,
                source=sequence.source,
                basis=sequence.basis,
                scored=sequence.basis != "model",
                instructions=round(instructions),
            )
        )
    return rows


def _variants(sequence: Sequence) -> list[tuple[str, str]]:
    plain = [("body", sequence.body)]
    return [*plain, ("base", sequence.baseline)] if sequence.baseline else plain


def _function(name: str, sequence: Sequence, body: str, length: int) -> str:
    setup = "".join(f"  {line}\n" for line in sequence.setup.splitlines())
    if sequence.loop:
        inner = f"  .balign 8\n9:\n{body}\n"
        counter = f"  movw r12, #{length}\n"
    else:
        inner, counter = (body.strip("\n") + "\n") * length, ""
    return _FUNCTION.format(name=name, setup=setup, counter=counter, inner=inner)


_HEAD = """\
  .syntax unified
  .thumb
  .text
  .section .bss
  .balign 32
buffer:
  .space 4096
  .text
prepare:
"""
_HEAD += "".join(f"  vmov.f32 s{i}, #1.0\n" for i in range(32))
_HEAD += """\
  movw r8, #:lower16:(buffer + 1024)
  movt r8, #:upper16:(buffer + 1024)
  add.w r9, r8, #1024
  mov.w r10, #0
  mov.w r11, #4
  mov.w r12, #9
"""
_HEAD += "".join(f"  mov.w r{i}, #{value}\n" for i, value in enumerate((3, 5, 7, 2, 9, 4, 6, 1)))
_HEAD += "  movs.w r0, #3\n  bx lr\n"

_FUNCTION = """\
  .balign 32
  .type {name}, %function
{name}:
  push.w {{r4-r12, lr}}
  bl prepare
{setup}{counter}  b.w 8f
  .balign 32
8:
  isb
{name}_begin:
{inner}  isb
{name}_end:
  pop.w {{r4-r12, pc}}
  .ltorg
"""

_MAIN_HEAD = """\
  .global main
  .type main, %function
main:
  push.w {r4-r12, lr}
"""
_MAIN_TAIL = "  pop.w {r4-r12, pc}\n"
