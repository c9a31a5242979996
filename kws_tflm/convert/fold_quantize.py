"""Remove int8 -> int8 QUANTIZE operators, which the TFLM of 2020 does not have.

QAT leaves them where two layers want different ranges. The scale that the QUANTIZE asks for moves
back to the operator that computes its input: that one rounds to it directly, one rounding less.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.graph_edit import same_quantization
from kws_tflm.convert.model import drop_unused, indices
from kws_tflm.convert.schema import builtin_code, schema, type_name
from kws_tflm.errors import ModelError

_REQUANTIZING = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL")
"""These scale an accumulator to whatever their output asks for."""
_TRANSPARENT = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "PAD", "STRIDED_SLICE")
"""These have one scale on both sides."""


def fold_quantize(model: Any) -> int:
    """Fold every int8 -> int8 QUANTIZE of `model` in place; returns how many there were.

    Raises:
        ModelError: one stands where no neighbour can take its scale.
    """
    graph = model.subgraphs[0]
    folded = 0
    for op in list(graph.operators):
        if not is_int8_quantize(model, op):
            continue
        source, result = indices(op.inputs)[0], indices(op.outputs)[0]
        wanted = graph.tensors[result].quantization
        if not same_quantization(graph.tensors[source], graph.tensors[result]) and not _push(model, source, wanted, op):
            raise ModelError(
                f"operator {graph.operators.index(op)} (QUANTIZE int8 to int8) cannot be folded into its neighbours; "
                "give the layers around it one quantiser"
            )
        _replace(graph, op, result, source)
        folded += 1
    if folded:
        drop_unused(model)
    return folded


def is_int8_quantize(model: Any, op: Any) -> bool:
    """Whether `op` is a QUANTIZE with int8 on both sides."""
    if builtin_code(model.operatorCodes[op.opcodeIndex]) != schema().BuiltinOperator.QUANTIZE:
        return False
    tensors = model.subgraphs[0].tensors
    ends = (*indices(op.inputs), *indices(op.outputs))
    return all(type_name(tensors[i].type) == "INT8" for i in ends)


def _push(model: Any, tensor: int, wanted: Any, origin: Any) -> bool:
    """Give `tensor`, which only `origin` reads, the quantisation `wanted`, and all before it that must follow."""
    graph = model.subgraphs[0]
    readers = [op for op in graph.operators if tensor in indices(op.inputs)]
    if len(readers) != 1 or readers[0] is not origin or tensor in indices(graph.outputs):
        return False
    producer = next((op for op in graph.operators if tensor in indices(op.outputs)), None)
    if producer is None:
        # The model's input: whoever quantises it reads its scale from the model.
        possible = tensor in indices(graph.inputs)
    else:
        names = {value: name for name, value in vars(schema().BuiltinOperator).items() if isinstance(value, int)}
        name = names.get(builtin_code(model.operatorCodes[producer.opcodeIndex]), "")
        possible = name in _REQUANTIZING or (
            name in _TRANSPARENT and _push(model, indices(producer.inputs)[0], wanted, producer)
        )
    if possible:
        graph.tensors[tensor].quantization = wanted
    return possible


def _replace(graph: Any, op: Any, old: int, new: int) -> None:
    """Remove `op`; whoever read tensor `old` reads `new`."""
    graph.operators.remove(op)
    for reader in graph.operators:
        reader.inputs = np.array([new if i == old else i for i in indices(reader.inputs)], np.int32)
    graph.outputs = np.array([new if i == old else i for i in indices(graph.outputs)], np.int32)
