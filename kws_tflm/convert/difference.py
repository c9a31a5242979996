"""Where two models part: the first operator whose result differs."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.model import drop_unused, indices, parse, serialize
from kws_tflm.convert.schema import operator_name, text

Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Difference:
    """Where two runners first part."""

    operator: int
    name: str
    tensor: str
    values: int
    wrong: int
    worst: int
    """Largest difference in int8 steps."""
    first: int
    """Flat index of the first wrong value."""
    found: int
    expected: int

    def __str__(self) -> str:
        return (
            f"operator {self.operator} ({self.name}, tensor '{self.tensor}') has {self.wrong} of {self.values} values "
            f"off by up to {self.worst}, first at {self.first}: {self.found} instead of {self.expected}"
        )

    @property
    def is_rounding(self) -> bool:
        """The known one: see `VerifyReport.rounding_differences`."""
        return self.name == "FULLY_CONNECTED" and self.worst <= 1


def first_difference(run: Callable[[bytes, Int8], Int8], model: bytes, other: bytes, values: Int8) -> Difference | None:
    """The first operator at which `other` on host TFLM leaves `run(model, values)`; None when there is none.

    Operators correspond by the names of their results, one to one where those are missing or not unique.
    Results that have another size in `other`, because channels were taken out, are passed over.
    """
    for index, counterpart in corresponding(model, other):
        expected = run(truncate(model, index), values).ravel().astype(np.int32)
        found = on_host(truncate(other, counterpart), values).ravel().astype(np.int32)
        if len(expected) != len(found):
            continue
        wrong = np.flatnonzero(expected != found)
        if len(wrong):
            name, tensor = _operator(other, counterpart)
            worst, at = int(np.abs(expected - found).max()), int(wrong[0])
            return Difference(
                counterpart, name, tensor, len(expected), len(wrong), worst, at, int(found[at]), int(expected[at])
            )
    return None


def corresponding(model: bytes, other: bytes) -> list[tuple[int, int]]:
    """Operators of `model` with those of `other` that compute the same tensor."""
    names, others = _result_names(model), _result_names(other)
    counts, other_counts = Counter(names), Counter(others)
    by_name = [
        (index, others.index(name))
        for index, name in enumerate(names)
        if name and counts[name] == 1 and other_counts[name] == 1
    ]
    if len(by_name) < len(names) and len(names) == len(others):
        return [(index, index) for index in range(len(names))]
    return by_name


def on_host(model: bytes, values: Int8) -> Int8:
    """First output of host TFLM."""
    from kws_tflm.runtime import Interpreter

    return Interpreter(model).invoke(values)


def truncate(model: bytes, operator: int) -> bytes:
    """`model` ending with the output of `operator`."""
    parsed = parse(model)
    return _ending(parsed, indices(parsed.subgraphs[0].operators[operator].outputs)[0], operator)


def with_output(model: bytes, output: int) -> bytes:
    """`model` with only its output number `output`, and only what that needs."""
    parsed = parse(model)
    graph = parsed.subgraphs[0]
    return _ending(parsed, indices(graph.outputs)[output], len(graph.operators) - 1)


def _ending(parsed: Any, tensor: int, last: int) -> bytes:
    graph = parsed.subgraphs[0]
    graph.outputs = np.array([tensor], np.int32)
    # A branch that is cut off leaves operators whose results nobody reads: TFLM's planner refuses them.
    needed = {tensor}
    kept: list[Any] = []
    for op in reversed(graph.operators[: last + 1]):
        if needed & set(indices(op.outputs)):
            kept.insert(0, copy.copy(op))
            needed |= set(indices(op.inputs))
    graph.operators = kept
    parsed.signatureDefs = None
    drop_unused(parsed)
    return serialize(parsed)


def _result_names(model: bytes) -> list[str]:
    graph = parse(model).subgraphs[0]
    return [text(graph.tensors[indices(op.outputs)[0]].name).split(";")[0] for op in graph.operators]


def _operator(model: bytes, index: int) -> tuple[str, str]:
    parsed = parse(model)
    op = parsed.subgraphs[0].operators[index]
    tensor = parsed.subgraphs[0].tensors[indices(op.outputs)[0]]
    return operator_name(parsed.operatorCodes[op.opcodeIndex]), text(tensor.name).split(";")[0]
