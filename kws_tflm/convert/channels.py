"""Which channels of an int8 model say nothing: constant ones, and ones that nobody reads.

A filter of zeros gives the same value at every position: its bias, scaled. What such a channel adds to
the sums of the next layer is a constant too, unless that layer pads: a border then sees zeros instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.convert.layer_reading import is_weighted, operands, read_layer
from kws_tflm.convert.model import indices, shape_of
from kws_tflm.convert.quantization import activation_range
from kws_tflm.convert.requantization import rescale, rescale_once
from kws_tflm.convert.schema import operator_name, schema

POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
RESHAPE = "RESHAPE"


class Channels:
    """The channels of a model's activations.

    A tensor has `period(t)` channels: element i of its flat data belongs to channel i % period(t), also
    behind a RESHAPE that keeps the last axes together.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph = model.subgraphs[0]
        self.layers: dict[int, Layer] = {}
        self.names = [operator_name(model.operatorCodes[op.opcodeIndex]) for op in self.graph.operators]
        for index, op in enumerate(self.graph.operators):
            if is_weighted(model, op) and (layer := read_layer(model, op)[0]) is not None:
                self.layers[index] = layer
        self._outputs = set(indices(self.graph.outputs))
        self._readers: dict[int, list[int]] = {}
        for index, op in enumerate(self.graph.operators):
            for tensor in set(indices(op.inputs)):
                self._readers.setdefault(tensor, []).append(index)
        self._periods: dict[int, int] = {}
        self._constants: dict[int, list[int | None]] = {}
        for index in range(len(self.graph.operators)):
            self._propagate(index)

    def period(self, tensor: int) -> int:
        """Number of channels."""
        shape = shape_of(self.graph.tensors[tensor])
        return self._periods.get(tensor, shape[-1] if shape else 1)

    def constant(self, tensor: int, channel: int) -> int | None:
        """The value that the channel has everywhere; None when it varies or nothing is known."""
        known = self._constants.get(tensor)
        return None if known is None else known[channel]

    def obstacle(self, tensor: int, channel: int) -> str:
        """Why the channel cannot be taken out of `tensor` and all that follows; "" when it can."""
        if tensor in self._outputs:
            return "it is an output of the model"
        for reader in self._readers.get(tensor, []):
            reason = self._reader_obstacle(reader, tensor, channel)
            if reason:
                return reason
        return ""

    def readers(self, tensor: int) -> list[int]:
        """Operators that read `tensor`."""
        return self._readers.get(tensor, [])

    def followers(self, reader: int, channel: int) -> list[tuple[int, int]]:
        """(tensor, channel) that go with an input channel of an operator that computes channel by channel."""
        result = indices(self.graph.operators[reader].outputs)[0]
        layer = self.layers.get(reader)
        if layer is not None and layer.operator == DEPTHWISE:
            multiplier = layer.out_channels // layer.in_channels
            return [(result, channel * multiplier + i) for i in range(multiplier)]
        return [(result, channel)] if self.names[reader] in (*POOLS, RESHAPE) else []

    def columns(self, operator: int, channel: int) -> npt.NDArray[np.int64]:
        """Weights of the input channel, [out, taps]: of a CONV_2D or FULLY_CONNECTED."""
        layer = self.layers[operator]
        period = self.period(operands(self.graph.operators[operator]).source)
        return layer.weights.reshape(layer.out_channels, -1, period)[:, :, channel].astype(np.int64)

    def _reader_obstacle(self, reader: int, tensor: int, channel: int) -> str:
        layer, name = self.layers.get(reader), self.names[reader]
        if layer is not None and layer.operator in (CONV, FULLY_CONNECTED):
            if operands(self.graph.operators[reader]).source != tensor or layer.in_channels % self.period(tensor):
                return f"operator {reader} ({name}) reads it in another way"
            if not self.columns(reader, channel).any():
                return ""
            value = self.constant(tensor, channel)
            if value is None:
                return f"operator {reader} ({name}) reads it where it is no constant"
            if layer.pads and value != layer.input_zero_point:
                return f"operator {reader} ({name}) pads, so that its border sees no constant"
            return ""
        follow = self.followers(reader, channel)
        if not follow or any(self.period(result) <= one for result, one in follow):
            return f"operator {reader} ({name}) needs all channels"
        return next((reason for result, one in follow if (reason := self.obstacle(result, one))), "")

    def _propagate(self, index: int) -> None:
        """Constants of the operator's result from those of its input."""
        op, name = self.graph.operators[index], self.names[index]
        layer = self.layers.get(index)
        if layer is not None:
            self._constants[operands(op).result] = [
                self._constant_output(index, layer, channel) for channel in range(layer.out_channels)
            ]
        elif name in (*POOLS, RESHAPE):
            source, result = indices(op.inputs)[0], indices(op.outputs)[0]
            shape, period = shape_of(self.graph.tensors[result]), self.period(source)
            if not shape or shape[-1] % period or (name in POOLS and shape[-1] != period):
                return
            self._periods[result] = period
            if source in self._constants:
                low, high = self._pool_clamp(op) if name in POOLS else (-128, 127)
                known = self._constants[source]
                self._constants[result] = [None if value is None else min(max(value, low), high) for value in known]

    def _pool_clamp(self, op: Any) -> tuple[int, int]:
        quantization = self.graph.tensors[indices(op.outputs)[0]].quantization
        scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
        return activation_range(schema(), op.builtinOptions.fusedActivationFunction, scale, zero_point) or (-128, 127)

    def _constant_output(self, index: int, layer: Layer, channel: int) -> int | None:
        """The value of an output channel whose sum is the same at every position."""
        source = operands(self.graph.operators[index]).source
        period, zero_point = self.period(source), layer.input_zero_point
        if layer.operator == DEPTHWISE:
            weights = layer.weights[0, :, :, channel].reshape(-1, 1).astype(np.int64)
            inputs = [channel // (layer.out_channels // layer.in_channels)]
        else:
            if layer.in_channels % period:
                return None
            weights = layer.weights[channel].reshape(-1, period).astype(np.int64)
            inputs = list(range(period))
        total = int(layer.bias[channel])
        for column in np.flatnonzero(weights.any(axis=0)):
            value = self.constant(source, inputs[column])
            if value is None or (layer.pads and value != zero_point):
                return None
            total += int(weights[:, column].sum()) * (value - zero_point)
        return self._output_value(index, layer, channel, total)

    def _output_value(self, index: int, layer: Layer, channel: int, total: int) -> int | None:
        quantization = self.graph.tensors[operands(self.graph.operators[index]).result].quantization
        multiplier, shift = int(layer.multipliers[channel]), int(layer.shifts[channel])
        scaled = rescale(total, multiplier, shift)
        # TensorFlow rounds a FULLY_CONNECTED once and TFLM twice: a constant only where they agree.
        if scaled is None or (layer.operator == FULLY_CONNECTED and scaled != rescale_once(total, multiplier, shift)):
            return None
        value = scaled + int(quantization.zeroPoint[0])
        return min(max(value, layer.geometry.activation_min), layer.geometry.activation_max)
