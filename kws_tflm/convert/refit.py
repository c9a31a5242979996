"""Fit the weights that pruning left, and the bias, so that a layer's sums stay what they were.

Least squares on calibration inputs, channel by channel: the sums of the pruned layer on the inputs that
the pruned network gives it against those of the original layer in the original network. Without it, what
the removed weights contributed is missing from every output.
"""

from __future__ import annotations

import dataclasses
import warnings
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.layer import CONV, Layer
from kws_tflm.convert.model import indices, parse

Int8 = npt.NDArray[np.int8]
Float = npt.NDArray[np.float64]
MAX_ROWS = 20_000
"""Output positions that the fit looks at."""
RIDGE = 1e-2
"""Of the mean power of an input: keeps weights of inputs that hardly vary where they are."""


class Activations:
    """What the operators of a dense model read, over some inputs, by tf.lite."""

    def __init__(self, model: bytes, inputs: Int8) -> None:
        self._model = model
        self._inputs = inputs

    def input_of(self, operator: int) -> Int8:
        """[n, *shape] of the operator's first input."""
        tensor = indices(parse(self._model).subgraphs[0].operators[operator].inputs)[0]
        interpreter = self._interpreter
        source = interpreter.get_input_details()[0]["index"]
        found = []
        for values in self._inputs:
            interpreter.set_tensor(source, values)
            interpreter.invoke()
            found.append(interpreter.get_tensor(tensor))
        return np.stack(found)

    @cached_property
    def _interpreter(self) -> Any:
        from kws_tflm._tf import native_stderr_hidden, tf

        with warnings.catch_warnings(), native_stderr_hidden():
            warnings.simplefilter("ignore")
            interpreter = tf.lite.Interpreter(
                model_content=self._model,
                experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
            interpreter.allocate_tensors()
        return interpreter


def refit(original: Layer, pruned: Layer, before: Int8, after: Int8, zero_point: int) -> tuple[Layer, Float]:
    """`pruned` with its nonzero weights and its bias fitted, and what its channels' scales must be multiplied with.

    Args:
        original: the layer as it was.
        pruned: the same with zeros; they stay zero.
        before: what the layer reads in the original network, [n, *input shape].
        after: what it reads in the network as pruned so far.
        zero_point: of the input.
    """
    rows_before, rows_after = (_patches(original, values, zero_point) for values in (before, after))
    wanted = rows_before @ _matrix(original).T + original.bias
    mean_input, mean_wanted = rows_after.mean(axis=0), wanted.mean(axis=0)
    gram, ridge = _centred_gram(rows_after)
    cross = (rows_after - mean_input).T @ (wanted - mean_wanted)
    weights = _matrix(pruned)
    for channel, row in enumerate(weights):
        kept = np.flatnonzero(row)
        if len(kept):
            # Ridge towards the weights as they are, not towards zero.
            row[kept] = np.linalg.solve(gram[np.ix_(kept, kept)], cross[kept, channel] + ridge * row[kept])
    # What stays must do the work of what went: larger weights, at a larger scale.
    factors = np.maximum(np.abs(weights).max(axis=1) / 127.0, 1.0)
    if not original.per_channel:
        factors[:] = factors.max()
    weights = np.rint(weights / factors[:, None])
    bias = np.rint(mean_wanted / factors - weights @ mean_input).clip(-(2**31), 2**31 - 1)
    fitted = weights.astype(np.int8).reshape(pruned.weights.shape)
    return dataclasses.replace(pruned, weights=fitted, bias=bias.astype(np.int32)), factors


def _centred_gram(rows: Float) -> tuple[Float, float]:
    """Gram matrix of the rows less their mean, with a ridge on its diagonal, and the ridge."""
    centred = rows - rows.mean(axis=0)
    gram = centred.T @ centred
    ridge = RIDGE * max(float(np.trace(gram)) / len(gram), 1.0)
    return gram + ridge * np.eye(len(gram)), ridge


def _matrix(layer: Layer) -> Float:
    return layer.weights.reshape(layer.out_channels, -1).astype(np.float64)


def _patches(layer: Layer, values: Int8, zero_point: int) -> Float:
    """Receptive fields [positions, taps x channels], zero point subtracted, evenly thinned to `MAX_ROWS`."""
    shifted = values.reshape(-1, *layer.input_shape[1:]).astype(np.int16) - np.int16(zero_point)
    if layer.operator != CONV:
        return _thinned(shifted.reshape(-1, layer.in_channels))
    geometry, (kernel_h, kernel_w) = layer.geometry, layer.kernel
    sizes, outputs = layer.input_shape[1:3], layer.output_shape[1:3]
    pads = []
    for size, out, k, stride, dilation in zip(
        sizes, outputs, layer.kernel, geometry.stride, geometry.dilation, strict=True
    ):
        missing = max((out - 1) * stride + (k - 1) * dilation + 1 - size, 0)
        pads.append((missing // 2, missing - missing // 2) if geometry.same_padding else (0, 0))
    padded = np.pad(shifted, ((0, 0), *pads, (0, 0)))
    taps = []
    for y in range(kernel_h):
        for x in range(kernel_w):
            top, left = y * geometry.dilation[0], x * geometry.dilation[1]
            bottom, right = (top + (outputs[0] - 1) * geometry.stride[0] + 1,
                             left + (outputs[1] - 1) * geometry.stride[1] + 1)  # fmt: skip
            taps.append(padded[:, top : bottom : geometry.stride[0], left : right : geometry.stride[1]])
    return _thinned(np.stack(taps, axis=3).reshape(-1, kernel_h * kernel_w * layer.in_channels))


def _thinned(rows: npt.NDArray[np.int16]) -> Float:
    step = -(-len(rows) // MAX_ROWS)
    return rows[::step].astype(np.float64)
