"""SPACE_TO_BATCH_ND, a convolution, BATCH_TO_SPACE_ND -> the dilated convolution that they spell out.

TensorFlow writes a dilated layer so when it does not know the batch size; TFLM has neither of the two, and
the sum is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.graph_edit import name_of, producer, readers, same_quantization
from kws_tflm.convert.model import constant, drop_unused, indices, shape_of
from kws_tflm.convert.schema import schema


def fold_dilation(model: Any) -> int:
    """Rewrite `model` in place; returns how many convolutions were folded."""
    graph = model.subgraphs[0]
    folded = sum(_fold(model, op) for op in list(graph.operators) if name_of(model, op) in _CONVOLUTIONS)
    if folded:
        drop_unused(model)
    return folded


_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def _fold(model: Any, op: Any) -> bool:
    graph = model.subgraphs[0]
    before = producer(graph, indices(op.inputs)[0])
    behind = readers(graph, indices(op.outputs)[0])
    if before is None or name_of(model, before) != "SPACE_TO_BATCH_ND":
        return False
    if len(behind) != 1 or name_of(model, behind[0]) != "BATCH_TO_SPACE_ND":
        return False
    options, after = op.builtinOptions, behind[0]
    source, result = indices(before.inputs)[0], indices(after.outputs)[0]
    plain = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor) == (1, 1, 1, 1)
    if not plain or options.padding != schema().Padding.VALID:
        return False
    tensors = graph.tensors
    ends = [(source, indices(op.inputs)[0]), (result, indices(op.outputs)[0])]
    if not all(same_quantization(tensors[one], tensors[other]) for one, other in ends):
        return False
    block, padding, block_behind, crops = (
        constant(model, tensors[i]) for i in (*indices(before.inputs)[1:3], *indices(after.inputs)[1:3])
    )
    if any(one is None or one.size == 0 for one in (block, block_behind)) or padding is None or crops is None:
        return False
    assert block is not None
    assert block_behind is not None
    if (
        block.shape != (2,)
        or padding.shape != (2, 2)
        or crops.shape != (2, 2)
        or not np.array_equal(block, block_behind)
    ):
        return False
    kernel = shape_of(tensors[indices(op.inputs)[1]])[1:3]
    same = _padding(shape_of(tensors[source]), shape_of(tensors[result]), kernel, block, padding, crops)
    if same is None:
        return False
    options.padding = schema().Padding.SAME if same else schema().Padding.VALID
    options.dilationHFactor, options.dilationWFactor = int(block[0]), int(block[1])
    op.inputs = np.array([source, *indices(op.inputs)[1:]], np.int32)
    op.outputs = np.array([result], np.int32)
    code = model.operatorCodes[op.opcodeIndex]
    code.version = max(code.version, 3)
    graph.operators.remove(after)
    if not readers(graph, indices(before.outputs)[0]):
        graph.operators.remove(before)
    return True


def _padding(
    source: tuple[int, ...], result: tuple[int, ...], kernel: tuple[int, ...], block: Any, padding: Any, crops: Any
) -> bool | None:
    """SAME, VALID, or None where neither has this border."""
    kinds = set()
    for axis in range(2):
        reach = (kernel[axis] - 1) * int(block[axis])
        size, out, before = source[axis + 1], result[axis + 1], int(padding[axis][0])
        if int(crops[axis][0]) != 0:
            return None
        if reach == 0 and out == size and before == 0:
            continue
        if out == size and before == reach // 2:
            kinds.add(True)
        elif out == size - reach and before == 0:
            kinds.add(False)
        else:
            return None
    return kinds.pop() if len(kinds) == 1 else (False if not kinds else None)
