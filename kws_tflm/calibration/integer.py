"""Well-known integer benchmarks: published iterations a second beside images built aside.

Their sources are not in any package index, so the project cannot build them; the data file holds what the
virtual board counted. With the images in a folder (`KWS_BENCHMARKS`), they are run again.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from kws_tflm.calibration.measure import visits
from kws_tflm.calibration.rows import Row

PUBLISHED = Path(__file__).with_name("published_integer.toml")
IMAGES_VARIABLE = "KWS_BENCHMARKS"
_BEGIN, _END, _DONE = "bench_begin", "bench_end", "bench_exit"


def load(path: Path = PUBLISHED) -> dict[str, Any]:
    """The data file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def run(path: Path = PUBLISHED) -> list[Row]:
    """One row a benchmark: measured now where its image is at hand, else as recorded.

    Raises:
        BoardError: an image does not reach its end.
    """
    document = load(path)
    folder = os.environ.get(IMAGES_VARIABLE)
    rows = []
    for entry in document["benchmark"]:
        elf = Path(folder) / f"{entry['elf']}.elf" if folder else None
        note = entry.get("note", "")
        if elf is not None and elf.is_file():
            cycles, instructions = _measure(elf, int(entry["iterations"]))
        else:
            cycles, instructions = float(entry["modelled"]), int(entry["instructions"])
            note = f"{note}; " * bool(note) + f"built aside, modelled {document['modelled_on']}"
        rows.append(
            Row(
                group="integer benchmarks",
                name=f"{entry['name']} {entry['flags']}, one iteration",
                predicted=cycles,
                published=float(entry["published"]),
                source=document["sources"][entry["source"]]["text"],
                basis="measured",
                scored=entry.get("scored", True),
                instructions=instructions,
                note=note,
            )
        )
    return rows


def _measure(elf: Path, iterations: int) -> tuple[float, int]:
    marks = {visit.label: visit.counters for visit in visits(elf, (_BEGIN, _END), _DONE)}
    window = marks[_END] - marks[_BEGIN]
    return window.cycles / iterations, window.instructions // iterations
