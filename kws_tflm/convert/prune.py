"""One-shot block pruning of an int8 model: the weakest blocks of each layer become zero.

Magnitudes are those of the real weights (int8 times the channel's scale). A layer is pruned only where a
sparse form then wins, so that no accuracy is given away for nothing. With calibration inputs the
weights that stay and the bias are fitted anew (`refit.py`).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.candidates import candidates, forms_to_try
from kws_tflm.convert.cost_model import CostModel, installed
from kws_tflm.convert.forms_blocks import ConvBlocks
from kws_tflm.convert.layer import CONV, DEPTHWISE, Layer
from kws_tflm.convert.layer_reading import is_weighted, layer_name, operands, read_layer
from kws_tflm.convert.model import add_buffer, constant, drop_unused, indices, parse, serialize
from kws_tflm.convert.packing import blocks_of
from kws_tflm.convert.refit import Activations, refit
from kws_tflm.convert.rule import SparsifyRule, choose
from kws_tflm.errors import ModelError

Int8 = npt.NDArray[np.int8]
AUTO, ALL = "auto", "all"
PRUNED = "pruned"


@dataclass(frozen=True)
class PruneRequest:
    """What to prune."""

    sparsity: float
    """Blocks that become zero, over all blocks of a layer."""
    block_shape: tuple[int, int] = (1, 4)
    """(output channels, input channels) that go together."""
    layers: str = AUTO
    """`auto`: where it pays, but not the first convolution and the classifier; `all`: these as well; or numbers
    and names of operators, separated by commas."""


@dataclass(frozen=True)
class PrunedLayer:
    """What became of one layer with weights."""

    operator: int
    name: str
    shape: str
    before: float
    """Zero weights over all weights."""
    after: float
    pruned: bool
    reason: str


def prune_model(
    model: bytes,
    request: PruneRequest,
    rule: SparsifyRule | None = None,
    calibration: Int8 | None = None,
    where: str = "model",
    costs: CostModel | None = None,
) -> tuple[bytes, list[PrunedLayer]]:
    """Zero the weakest blocks of the layers that `request` means; the same bytes come back where none pays.

    Args:
        model: a full-int8 `.tflite`.
        request: how much, in which blocks, where.
        rule: decides whether a layer pays.
        calibration: int8 inputs [n, *input shape] to fit what stays; None: the rest is left as it is.
        where: the name put into errors.
        costs: None: the installed cost model.

    Raises:
        ModelError: sparsity or block out of range, a layer that does not exist.
    """
    _check(request)
    rule, costs = rule or SparsifyRule(), costs or installed()
    edited = parse(model, where)
    operators = edited.subgraphs[0].operators
    chosen = _choose_layers(edited, request.layers, where)
    before = Activations(model, calibration) if calibration is not None else None
    report = []
    for index in [i for i, op in enumerate(operators) if is_weighted(edited, op)]:
        op = operators[index]
        layer, obstacle = read_layer(edited, op)
        reason = f"kept dense: {obstacle}" if layer is None else chosen.get(index, "kept dense: not asked for")
        if layer is None or reason:
            report.append(_line(edited, index, op, layer, layer, reason))
            continue
        pruned, factors = _pruned(layer, edited, op, request), np.ones(layer.out_channels)
        reason = _why_not(pruned, rule, costs)
        if reason:
            report.append(_line(edited, index, op, layer, layer, reason))
            continue
        if before is not None and calibration is not None and operands(op).bias >= 0:
            after = Activations(serialize(edited), calibration).input_of(index)
            pruned, factors = refit(layer, pruned, before.input_of(index), after, layer.input_zero_point)
            reason = ", the rest fitted to the calibration data"
        _store(edited, op, pruned, factors)
        report.append(_line(edited, index, op, layer, pruned, PRUNED + reason))
    if not any(line.pruned for line in report):
        return model, report
    drop_unused(edited)
    return serialize(edited), report


def _check(request: PruneRequest) -> None:
    if not 0.0 < request.sparsity < 1.0:
        raise ModelError(f"cannot prune a fraction of {request.sparsity:g}; give one between 0 and 1, as 0.75")
    if not all(1 <= side <= 16 for side in request.block_shape):
        raise ModelError(f"cannot prune blocks of {request.block_shape}; sides are 1 to 16, as 1x4")


def _choose_layers(model: Any, wanted: str, where: str) -> dict[int, str]:
    """Operators that may be pruned with "", others with why not."""
    operators = model.subgraphs[0].operators
    weighted = [i for i, op in enumerate(operators) if is_weighted(model, op)]
    layers = {i: read_layer(model, operators[i])[0] for i in weighted}
    prunable = [i for i in weighted if (layer := layers[i]) is not None and layer.operator != DEPTHWISE]
    result = {i: "kept dense: depthwise filters have no blocks" for i in weighted}
    if wanted in (AUTO, ALL):
        result |= {i: "" for i in prunable}
        first = [i for i in prunable if (layer := layers[i]) is not None and layer.operator == CONV][:1]
        rows = [i for i in prunable if (layer := layers[i]) is not None and layer.positions == 1]
        if wanted == AUTO and len(prunable) > 1:
            result |= {i: "kept dense: first convolution (--layers all prunes it)" for i in first}
            result |= {i: "kept dense: classifier (--layers all prunes it)" for i in rows[-1:]}
        return result
    result |= {i: "kept dense: not asked for" for i in prunable}
    names = {layer_name(model, operators[i]): i for i in prunable}
    for token in (part.strip() for part in wanted.split(",")):
        index = int(token) if token.isdecimal() else names.get(token)
        if index not in prunable:
            known = ", ".join(f"{i} ({layer_name(model, operators[i])})" for i in prunable)
            raise ModelError(f"{where}: no layer '{token}' to prune; it has {known}")
        result[index] = ""
    return result


def _pruned(layer: Layer, model: Any, op: Any, request: PruneRequest) -> Layer:
    """`layer` without its weakest blocks."""
    rows, columns = request.block_shape
    flat = layer.operator == CONV and ConvBlocks(rows, columns).flat(layer)
    scales = np.asarray(model.subgraphs[0].tensors[operands(op).kernel].quantization.scale, np.float64)
    real = layer.weights * np.broadcast_to(scales, (layer.out_channels,))[:, None, None, None]
    blocks: npt.NDArray[np.float64] = blocks_of(real, request.block_shape, flat)  # type: ignore[arg-type, assignment]
    strength = np.square(blocks).sum(axis=(2, 3))
    keep = np.ones(strength.size, bool)
    keep[np.argsort(strength, axis=None, kind="stable")[: round(request.sparsity * strength.size)]] = False
    keep = keep.reshape(strength.shape)
    mask = np.repeat(np.repeat(keep, rows, axis=0), columns, axis=1)
    weights = layer.weights * _unblocked(mask, layer.weights.shape, columns, flat)
    return dataclasses.replace(layer, weights=weights.astype(np.int8))


def _unblocked(mask: npt.NDArray[np.bool_], shape: Sequence[int], columns: int, flat: bool) -> npt.NDArray[np.bool_]:
    """A mask of the padded matrix in the shape of the weights."""
    out_channels, kernel_h, kernel_w, in_channels = shape
    pitch = in_channels if flat else -(-in_channels // columns) * columns
    taps = mask[:out_channels, : kernel_h * kernel_w * pitch].reshape(out_channels, kernel_h, kernel_w, pitch)
    return taps[..., :in_channels]


def _why_not(pruned: Layer, rule: SparsifyRule, costs: CostModel) -> str:
    found, _ = candidates(pruned, costs, forms_to_try(rule.methods, rule.also, pruned))
    best, reason = choose(found, rule)
    return "" if best.form.operator is not None else f"kept dense: pruned, {reason}"


def _store(model: Any, op: Any, layer: Layer, factors: npt.NDArray[np.float64]) -> None:
    """Put the layer's weights and bias into the model, in tensors of its own (others may share the old ones), with
    their scales multiplied by `factors`."""
    tensors = model.subgraphs[0].tensors
    use = operands(op)
    inputs = indices(op.inputs)
    for place, index, values in ((1, use.kernel, layer.weights), (2, use.bias, layer.bias)):
        if index >= 0 and constant(model, tensors[index]) is not None:
            tensor = copy.copy(tensors[index])
            tensor.buffer = add_buffer(model, np.ascontiguousarray(values).tobytes())
            tensor.quantization = copy.copy(tensor.quantization)
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                scales = np.asarray(tensor.quantization.scale, np.float32)
                tensor.quantization.scale = (scales * factors[: len(scales)]).astype(np.float32)
            tensors.append(tensor)
            inputs[place] = len(tensors) - 1
    op.inputs = np.array(inputs, np.int32)


def _line(model: Any, index: int, op: Any, before: Layer | None, after: Layer | None, reason: str) -> PrunedLayer:
    name = layer_name(model, op)
    if before is None or after is None:
        return PrunedLayer(index, name, "", 0.0, 0.0, False, reason)
    gone = reason.startswith(PRUNED)
    return PrunedLayer(index, name, before.shape, before.sparsity, after.sparsity, gone, reason)
