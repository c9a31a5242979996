"""CMSIS-DSP as the very machine code that a board was measured with: what is left of an error is the model's."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from kws_tflm.calibration import dsp
from kws_tflm.calibration.integer import IMAGES_VARIABLE
from kws_tflm.calibration.measure import Visit, visits
from kws_tflm.calibration.rows import Row

RECORDED = Path(__file__).with_name("published_same_code.toml")
_SOURCE = "kv58"
_END = "case_end"


def run(path: Path = RECORDED) -> list[Row]:
    """One row a published call: measured now where the image is in `KWS_BENCHMARKS`, else as recorded.

    Raises:
        BoardError: the image does not reach its end.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    folder = os.environ.get(IMAGES_VARIABLE)
    elf = Path(folder) / f"{document['elf']}.elf" if folder else None
    live = elf is not None and elf.is_file()
    counts = measure(elf) if live and elf is not None else document["modelled"]
    recorded = "" if live else f"run aside, modelled {document['modelled_on']}"
    rows = []
    for case in _cases():
        function = case.name.split(",")[0]
        if function in document["left_out"]:
            continue
        reason = document["not_scored"].get(function, "")
        cycles, instructions = counts[case.label]
        rows.append(
            Row(
                group="same machine code",
                name=case.name,
                predicted=float(cycles),
                published=case.cycles,
                source="KV58",
                basis="measured",
                scored=not reason,
                instructions=int(instructions),
                note="; ".join(text for text in (reason, recorded) if text),
            )
        )
    return rows


def measure(elf: Path) -> dict[str, tuple[int, int]]:
    """Cycles and instructions of the first call of each case."""
    first: dict[str, tuple[int, int]] = {}
    begun: Visit | None = None
    for visit in visits(elf, [*(case.label for case in _cases()), _END]):
        if visit.label != _END:
            begun = visit
        elif begun is not None:
            window = visit.counters - begun.counters
            first.setdefault(begun.label, (window.cycles, window.instructions))
    return first


def _cases() -> list[dsp.Case]:
    return [case for case in dsp.load()[0] if case.source == _SOURCE]
