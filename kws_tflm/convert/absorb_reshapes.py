"""Remove the RESHAPE in front of and behind a fully connected layer, which flattens its input itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.forms import FULLY_CONNECTED_OPERATOR
from kws_tflm.convert.graph_edit import name_of, producer, readers, same_quantization
from kws_tflm.convert.layer import FULLY_CONNECTED
from kws_tflm.convert.model import drop_unused, indices, shape_of

RESHAPE = "RESHAPE"


def absorb_reshapes(model: Any) -> int:
    """Rewrite `model` in place; returns how many went.

    The input of any fully connected layer is taken from before a RESHAPE; only the custom operator writes
    its result in any shape, so only its result replaces that of a RESHAPE behind it.
    """
    graph = model.subgraphs[0]
    removed = 0
    for op in list(graph.operators):
        name = name_of(model, op)
        if name in (FULLY_CONNECTED, FULLY_CONNECTED_OPERATOR):
            removed += _before(model, op)
        if name == FULLY_CONNECTED_OPERATOR:
            removed += _behind(model, op)
    if removed:
        drop_unused(model)
    return removed


def _before(model: Any, op: Any) -> int:
    graph = model.subgraphs[0]
    source = indices(op.inputs)[0]
    reshape = producer(graph, source)
    if reshape is None or not _is_plain(model, reshape):
        return 0
    before = indices(reshape.inputs)[0]
    if name_of(model, op) == FULLY_CONNECTED and not _same_rows(model, op, before):
        return 0
    op.inputs = np.array([before, *indices(op.inputs)[1:]], np.int32)
    if readers(graph, source) or source in indices(graph.outputs):
        return 0
    graph.operators.remove(reshape)
    return 1


def _same_rows(model: Any, op: Any, source: int) -> bool:
    """Whether the built-in operator cuts `source` into as many rows as its present input."""
    tensors = model.subgraphs[0].tensors
    depth = shape_of(tensors[indices(op.inputs)[1]])[1]
    return int(np.prod(shape_of(tensors[source]))) % depth == 0 and not op.builtinOptions.keepNumDims


def _behind(model: Any, op: Any) -> int:
    graph = model.subgraphs[0]
    result = indices(op.outputs)[0]
    behind = readers(graph, result)
    if len(behind) != 1 or result in indices(graph.outputs) or not _is_plain(model, behind[0]):
        return 0
    op.outputs = np.array(indices(behind[0].outputs), np.int32)
    graph.operators.remove(behind[0])
    return 1


def _is_plain(model: Any, op: Any) -> bool:
    """A RESHAPE that leaves the values as they are."""
    tensors = model.subgraphs[0].tensors
    source, result = indices(op.inputs)[0], indices(op.outputs)[0]
    return name_of(model, op) == RESHAPE and same_quantization(tensors[source], tensors[result])
