"""CMSIS-DSP functions on the virtual board beside published Cortex-M7 cycle counts."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_tflm.calibration import cmsis_dsp, image
from kws_tflm.calibration.measure import last_windows, visits
from kws_tflm.calibration.rows import Row

PUBLISHED = Path(__file__).with_name("published_dsp.toml")
_END = "case_end"
_RUNS = 3  # caches warm up; the last call counts


@dataclass(frozen=True)
class Case:
    """One function at one length."""

    label: str
    """Of the C function around the call; the same for the same call from several sources."""
    name: str
    data: str
    init: str
    call: str
    cycles: float
    source: str
    scored: bool
    note: str


def load(path: Path = PUBLISHED) -> tuple[list[Case], dict[str, dict[str, str]]]:
    """The cases and their sources (text, board, compiler, placement)."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return [case for entry in document["function"] for case in _cases(entry)], document["sources"]


def _cases(entry: dict[str, Any]) -> list[Case]:
    cases = []
    for length, cycles in entry["cycles"].items():
        fill = {key: entry.get(key, "").replace("{n}", length) for key in ("name", "init", "call")}
        cases.append(
            Case(
                label="case_" + re.sub(r"\W+", "_", fill["name"]),
                data=entry["data"],
                cycles=float(cycles),
                source=entry["source"],
                scored=entry.get("scored", True),
                note=entry.get("note", ""),
                **fill,
            )
        )
    return cases


def program(cases: list[Case]) -> str:
    """C source of the image: each case a function that ends in `case_end`, called from `main`."""
    parts = ['#include "dsp_data.h"\n\n__attribute__((noinline)) void case_end(void) { __asm volatile(""); }\n']
    calls = []
    for case in {case.label: case for case in cases}.values():
        parts.append(f"__attribute__((noinline)) void {case.label}(void) {{\n  {case.call};\n  case_end();\n}}\n")
        init = f"    {case.init};\n" if case.init else ""
        calls.append(
            f"  for (int run = 0; run < {_RUNS}; ++run) {{\n    {case.data}();\n{init}    {case.label}();\n  }}\n"
        )
    return "\n".join(parts) + "\nint main(void) {\n" + "".join(calls) + "  return 0;\n}\n"


def run(folder: Path) -> list[Row]:
    """Fetch and compile the library, run every case, compare.

    Raises:
        KwsError: no network on the first run, no compiler, or the board stopped.
    """
    cases, sources = load()
    library = cmsis_dsp.sources()
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "dsp_cases.c"
    source.write_text(program(cases), encoding="utf-8")
    headers = [*cmsis_dsp.includes(library), image.DEVICE]
    objects = image.compile_objects([source], folder, [*cmsis_dsp.FLAGS, "-fno-builtin"], headers)
    elf = image.link([*objects, *cmsis_dsp.objects(library, folder)], folder / "dsp_cases.elf")
    windows = last_windows(visits(elf, [*{case.label for case in cases}, _END]), _END)
    return [
        Row(
            group="CMSIS-DSP",
            name=case.name,
            predicted=float(windows[case.label].cycles),
            published=case.cycles,
            source=sources[case.source]["board"],
            basis="measured",
            scored=case.scored,
            instructions=windows[case.label].instructions,
            note=case.note,
        )
        for case in cases
    ]
