"""Take channels that say nothing out of an int8 model: structured pruning makes smaller dense layers.

A channel goes out of the layer that computes it, of everything that computes channel by channel behind
it, and of the layers that read it; a constant that it contributed moves into their bias. The bytes of
the outputs stay the same: where padding would mix zeros with the constant, the channel stays.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.channels import RESHAPE, Channels
from kws_tflm.convert.graph_edit import zero_bias
from kws_tflm.convert.layer import DEPTHWISE, FULLY_CONNECTED
from kws_tflm.convert.layer_reading import layer_name, operands
from kws_tflm.convert.model import add_buffer, constant, drop_unused, indices, parse, serialize, shape_of

MULTIPLE = 4
"""Kernels take channels by fours: a count that is a multiple stays one."""
MAX_ROUNDS = 16
_INT32 = 2**31


@dataclass(frozen=True)
class CompactedLayer:
    """A layer with filters of zeros, or that nobody reads, and what became of them."""

    operator: int
    name: str
    channels: int
    """Output channels before."""
    removed: int
    reason: str
    """Why others stayed; empty when all could go."""


def compact(model: bytes, where: str = "model", multiple: int = MULTIPLE) -> tuple[bytes, list[CompactedLayer]]:
    """Remove them, as long as the bytes of every output stay the same; the same bytes come back when none go.

    Args:
        model: a full-int8 `.tflite`.
        where: the name put into errors.
        multiple: channel counts that are a multiple of it stay so; 1: take out all that can go.

    Raises:
        ModelError: `model` cannot be read.
    """
    edited = parse(model, where)
    report: dict[int, CompactedLayer] = {}
    for _ in range(MAX_ROUNDS):
        channels = Channels(edited)
        removed = _plan(channels, multiple, report)
        if not removed:
            break
        _Removal(channels, removed).run()
        drop_unused(edited)
        edited = parse(serialize(edited), where)
    lines = [report[index] for index in sorted(report)]
    return (serialize(edited) if any(line.removed for line in lines) else model), lines


def _plan(channels: Channels, multiple: int, report: dict[int, CompactedLayer]) -> dict[int, set[int]]:
    """Channels to remove by tensor; fills `report`."""
    removed: dict[int, set[int]] = {}
    for index, layer in channels.layers.items():
        if layer.operator == DEPTHWISE:
            continue
        op = channels.graph.operators[index]
        result = operands(op).result
        if channels.period(result) != layer.out_channels:
            continue
        reasons = [channels.obstacle(result, channel) for channel in range(layer.out_channels)]
        free = [channel for channel, reason in enumerate(reasons) if not reason]
        zero = np.flatnonzero(~layer.weights.any(axis=(1, 2, 3)))
        kept = layer.out_channels - len(free)
        rounded = -(-max(kept, 1) // multiple) * multiple if layer.out_channels % multiple == 0 else max(kept, 1)
        chosen = free[: max(layer.out_channels - rounded, 0)]
        stayed = sorted({reasons[channel] for channel in zero if reasons[channel]})
        if len(chosen) < len(free):
            stayed.append(f"channel counts stay multiples of {multiple}" if multiple > 1 else "one channel stays")
        before = report.get(index)
        if chosen:
            removed[result] = set(chosen)
        if chosen or len(zero) or free:
            report[index] = CompactedLayer(
                index,
                layer_name(channels.model, op),
                before.channels if before else layer.out_channels,
                (before.removed if before else 0) + len(chosen),
                "; ".join(stayed),
            )
    return removed


class _Removal:
    """Edits the model: filters out, columns out, constants into biases, shapes."""

    def __init__(self, channels: Channels, removed: dict[int, set[int]]) -> None:
        self._channels = channels
        self._graph = channels.graph
        self._removed = dict(removed)
        for tensor, gone in removed.items():
            self._follow(tensor, gone)

    def _follow(self, tensor: int, gone: set[int]) -> None:
        for reader in self._channels.readers(tensor):
            for channel in sorted(gone):
                for result, one in self._channels.followers(reader, channel):
                    self._removed.setdefault(result, set()).add(one)
                    self._follow(result, {one})

    def run(self) -> None:
        """All operators in order, then all shapes."""
        for index, op in enumerate(self._graph.operators):
            if index in self._channels.layers:
                self._layer(index, op)
            elif self._channels.names[index] == RESHAPE:
                self._reshape(op)
        for tensor, gone in self._removed.items():
            target = self._graph.tensors[tensor]
            period = self._channels.period(tensor)
            shape = list(shape_of(target))
            shape[-1] = shape[-1] // period * (period - len(gone))
            target.shape = np.array(shape, np.int32)
            target.shapeSignature = None

    def _kept(self, tensor: int) -> npt.NDArray[np.bool_]:
        mask = np.ones(self._channels.period(tensor), bool)
        mask[sorted(self._removed.get(tensor, ()))] = False
        return mask

    def _layer(self, index: int, op: Any) -> None:
        layer, use = self._channels.layers[index], operands(op)
        rows, columns = self._kept(use.result), self._kept(use.source)
        if rows.all() and columns.all():
            return
        if layer.operator == DEPTHWISE:
            self._replace(op, 1, layer.weights[..., rows], rows, axis=3)
            self._replace_bias(op, layer.bias[rows], rows)
            return
        bias = layer.bias.astype(np.int64)
        for channel in np.flatnonzero(~columns):
            weights = self._channels.columns(index, int(channel))
            value = self._channels.constant(use.source, int(channel))
            if weights.any() and value is not None:
                bias += weights.sum(axis=1) * (value - layer.input_zero_point)
        kept = layer.weights.reshape(*layer.weights.shape[:3], -1, len(columns))[rows][..., columns]
        shape = (len(kept), -1) if layer.operator == FULLY_CONNECTED else (*kept.shape[:3], -1)
        self._replace(op, 1, kept.reshape(shape), rows, axis=0)
        # Sums wrap in 32 bits in every kernel, so a wrapped bias gives what the separate terms gave.
        wrapped = (bias + _INT32) % (2 * _INT32) - _INT32
        self._replace_bias(op, wrapped.astype(np.int32)[rows], rows)

    def _replace_bias(self, op: Any, bias: npt.NDArray[np.int32], rows: npt.NDArray[np.bool_]) -> None:
        inputs = indices(op.inputs)
        if len(inputs) < 3 or inputs[2] < 0:
            if not bias.any():
                return
            op.inputs = np.array([*inputs[:2], zero_bias(self._channels.model, inputs[0], inputs[1])], np.int32)
        self._replace(op, 2, bias, rows, axis=0)

    def _replace(self, op: Any, place: int, values: Any, rows: npt.NDArray[np.bool_], axis: int) -> None:
        """A constant of the operator's own: another one may read the old tensor."""
        tensors = self._graph.tensors
        inputs = indices(op.inputs)
        tensor = copy.copy(tensors[inputs[place]])
        tensor.shape = np.array(values.shape, np.int32)
        tensor.shapeSignature = None
        tensor.buffer = add_buffer(self._channels.model, np.ascontiguousarray(values).tobytes())
        quantization = copy.copy(tensor.quantization)
        if quantization is not None and quantization.scale is not None and len(quantization.scale) == len(rows) > 1:
            for field in ("scale", "zeroPoint", "min", "max"):
                given = getattr(quantization, field)
                if given is not None and len(given) == len(rows):
                    setattr(quantization, field, np.asarray(given)[rows])
            quantization.quantizedDimension = axis
        tensor.quantization = quantization
        tensors.append(tensor)
        inputs[place] = len(tensors) - 1
        op.inputs = np.array(inputs, np.int32)

    def _reshape(self, op: Any) -> None:
        """The new shape stands in a constant, in the options, or in both."""
        result = indices(op.outputs)[0]
        kept = self._kept(result)
        if kept.all():
            return

        def shrunk(shape: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
            new = np.array(shape, np.int32)
            if new[-1] > 0:
                new[-1] = new[-1] // len(kept) * int(kept.sum())
            return new

        if op.builtinOptions is not None and op.builtinOptions.newShape is not None:
            op.builtinOptions.newShape = shrunk(np.asarray(op.builtinOptions.newShape))
        inputs = indices(op.inputs)
        given = constant(self._channels.model, self._graph.tensors[inputs[1]]) if len(inputs) > 1 else None
        if given is not None:
            self._replace(op, 1, shrunk(given), np.ones(1, bool), axis=0)
