"""Parity: the same recording at every stage, compared stage by stage in the order the data flow.

Pure: `compare` takes what each stage gave (`Stages`) and names the first stage that differs, where and
by how much. `kws_tflm.evaluate.parity_stages` runs the stages.

The rules:
  float features -> fixed features   at most one int8 step of the model's input
  Keras -> dense .tflite             reported; rounding makes them differ by a few output steps
  dense .tflite -> host TFLM         byte for byte, but for one known step in a foreign model's FULLY_CONNECTED
                                     (tf.lite rounds once, TFLM twice), which is reported
  everything else                    byte for byte, detections with score and sample
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Detections = tuple[tuple[str, int, int], ...]
"""(word, score in permille, sample) of each."""

FLOAT, FIXED, BOARD = "float features", "fixed features (host)", "virtual board"
KERAS, DENSE, TFLM_DENSE, TFLM_SPARSE = "Keras", "dense .tflite (tf.lite)", "host TFLM dense", "host TFLM sparse"
HOST_DETECTOR, CONSOLE = "host detector", "virtual board console"


@dataclass(frozen=True)
class Stages:
    """What each stage gave; None for a stage that was not run, with the reason in `absent`.

    Shapes: columns [columns, n_features], inputs [inferences, n_frames, n_features], outputs
    [inferences, classes].
    """

    labels: tuple[str, ...]
    float_columns: NDArray[np.int8] | None = None
    """Float features in the model's input quantisation."""
    fixed_columns_int8: NDArray[np.int8] | None = None
    """Fixed-point features in the model's input quantisation."""
    fixed_columns: NDArray[np.int16] | None = None
    board_columns: NDArray[np.int16] | None = None
    host_inputs: NDArray[np.int8] | None = None
    board_inputs: NDArray[np.int8] | None = None
    keras_outputs: NDArray[np.int8] | None = None
    """Softmax of the Keras model in the output quantisation of the dense model."""
    dense_outputs: NDArray[np.int8] | None = None
    tflm_dense_outputs: NDArray[np.int8] | None = None
    tflm_sparse_outputs: NDArray[np.int8] | None = None
    board_outputs: NDArray[np.int8] | None = None
    host_detections: Detections | None = None
    board_detections: Detections | None = None
    console_detections: Detections | None = None
    absent: dict[str, str] = field(default_factory=dict)
    rounding_only: bool = False
    """Every difference between tf.lite and host TFLM is the known one of FULLY_CONNECTED."""
    lost_hops: int = 0
    """Hops that the board lost because an inference took too long; what follows them must differ."""


@dataclass(frozen=True)
class Comparison:
    """Two neighbouring stages compared."""

    what: str
    first: str
    second: str
    tolerance: int
    required: bool
    compared: int
    """Values (or detections) compared."""
    differing: int
    """Of these, how many differ by more than `tolerance`."""
    largest: int
    """Largest difference, within the tolerance or not, in integer steps."""
    where: str = ""
    """First place beyond the tolerance, with both values; empty if there is none."""

    @property
    def same(self) -> bool:
        """No difference beyond the tolerance."""
        return not self.where

    @property
    def verdict(self) -> str:
        """``same``, ``DIFFERS`` (a failure) or ``reported`` (differs where it may)."""
        return "same" if self.same else "DIFFERS" if self.required else "reported"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("what", "first", "second", "tolerance", "required", "compared", "differing", "largest", "where")
        return {name: getattr(self, name) for name in names} | {"verdict": self.verdict}


@dataclass(frozen=True)
class ParityReport:
    """All comparisons in the order the data flow."""

    comparisons: tuple[Comparison, ...]
    absent: dict[str, str]
    notes: tuple[str, ...] = ()
    """What explains a difference."""

    @property
    def first_failure(self) -> Comparison | None:
        """The first required comparison that differs."""
        return next((c for c in self.comparisons if c.required and not c.same), None)

    @property
    def verdict(self) -> str:
        """One line: all the same, or the first stage that differs, where and by how much."""
        failure = self.first_failure
        if failure is None:
            return f"all {len(self.comparisons)} comparisons hold"
        return (
            f"first difference: {failure.second} differs from {failure.first} in {failure.what} at {failure.where}; "
            f"{failure.differing} of {failure.compared} differ, by at most {failure.largest}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        failure = self.first_failure
        return {
            "same": failure is None,
            "verdict": self.verdict,
            "first_difference": failure.to_dict() if failure else None,
            "comparisons": [c.to_dict() for c in self.comparisons],
            "absent": self.absent,
            "notes": list(self.notes),
        }


def compare(stages: Stages) -> ParityReport:
    """Compare neighbouring stages; an absent stage is bridged, so its neighbours are compared with each other."""
    s = stages
    column, inference = ("column", "coefficient"), ("inference", "class")
    found = [
        _arrays("features", (FLOAT, s.float_columns), (FIXED, s.fixed_columns_int8), column, tolerance=1),
        _arrays("features", (FIXED, s.fixed_columns), (BOARD, s.board_columns), column),
        _arrays("model input", (FIXED, s.host_inputs), (BOARD, s.board_inputs), ("inference", *column)),
    ]
    outputs = [
        (KERAS, s.keras_outputs),
        (DENSE, s.dense_outputs),
        (TFLM_DENSE, s.tflm_dense_outputs),
        (TFLM_SPARSE, s.tflm_sparse_outputs),
        (BOARD, s.board_outputs),
    ]
    present = [(name, values) for name, values in outputs if values is not None]
    for first, second in itertools.pairwise(present):
        required = first[0] != KERAS and not (s.rounding_only and first[0] == DENSE)
        found.append(_arrays("model output", first, second, inference, required=required, labels=s.labels))
    found.append(_detections((HOST_DETECTOR, s.host_detections), (BOARD, s.board_detections)))
    found.append(_detections((BOARD, s.board_detections), (CONSOLE, s.console_detections)))
    return ParityReport(tuple(c for c in found if c is not None), dict(s.absent), tuple(_notes(s)))


def _notes(stages: Stages) -> Iterator[str]:
    if stages.rounding_only:
        yield "tf.lite rounds FULLY_CONNECTED once, TFLM twice: one step before the softmax, nothing else differs"
    if stages.lost_hops:
        yield (
            f"the board lost {stages.lost_hops} hops: an inference takes longer than the sound between two; "
            "use a smaller model or a larger detector.hops_per_inference"
        )


_Named = tuple[str, NDArray[Any] | None]


def _arrays(
    what: str,
    first: _Named,
    second: _Named,
    axes: Sequence[str],
    tolerance: int = 0,
    required: bool = True,
    labels: Sequence[str] = (),
) -> Comparison | None:
    (first_name, a), (second_name, b) = first, second
    if a is None or b is None:
        return None
    n = min(len(a), len(b))
    if a.shape[1:] != b.shape[1:]:
        where = f"shape: {list(a.shape)} and {list(b.shape)}"
        return Comparison(what, first_name, second_name, tolerance, required, 0, 1, 0, where)
    step = np.abs(a[:n].astype(np.int64) - b[:n].astype(np.int64))
    beyond = np.argwhere(step > tolerance)
    where = ""
    if len(beyond):
        place = tuple(int(i) for i in beyond[0])
        where = f"{_place(place, axes, labels)}: {int(a[place])} and {int(b[place])}"
    elif len(a) != len(b):
        where = f"{axes[0]} {n}: missing, {len(a)} and {len(b)} in all"
    missing = abs(len(a) - len(b)) * int(np.prod(a.shape[1:]))
    return Comparison(
        what,
        first_name,
        second_name,
        tolerance,
        required,
        compared=int(step.size) + missing,
        differing=len(beyond) + missing,
        largest=int(step.max(initial=0)),
        where=where,
    )


def _place(place: Sequence[int], axes: Sequence[str], labels: Sequence[str]) -> str:
    names = [f"{axis} {i}" for axis, i in zip(axes, place, strict=True)]
    if axes[-1] == "class" and place[-1] < len(labels):
        names[-1] += f" ({labels[place[-1]]})"
    return ", ".join(names)


def _detections(first: tuple[str, Detections | None], second: tuple[str, Detections | None]) -> Comparison | None:
    (first_name, a), (second_name, b) = first, second
    if a is None or b is None:
        return None
    total = max(len(a), len(b))
    differing = [i for i in range(total) if i >= len(a) or i >= len(b) or a[i] != b[i]]
    where, largest = "", 0
    if differing:
        i = differing[0]
        where = f"detection {i}: {_show(a, i)} and {_show(b, i)}"
        largest = max((abs(a[j][1] - b[j][1]) for j in differing if j < min(len(a), len(b))), default=0)
    return Comparison("detections", first_name, second_name, 0, True, total, len(differing), largest, where)


def _show(detections: Detections, i: int) -> str:
    if i >= len(detections):
        return "none"
    word, permille, sample = detections[i]
    return f"'{word}' {permille / 1000:.3f} at sample {sample}"
