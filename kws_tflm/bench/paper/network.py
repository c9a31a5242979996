"""Weights and activations of the network: of a trained run, or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.layers import PAPER_LAYERS, ConvShape
from kws_tflm.bench.paper.tensors import FloatLayer
from kws_tflm.errors import ModelError

Array = npt.NDArray[Any]
KERAS_LAYERS = ("conv0", "low_rank", "dense1", "dense2", "logits")


@dataclass(frozen=True)
class Network:
    """One `FloatLayer` for each of `PAPER_LAYERS`, and where the weights are from."""

    layers: tuple[FloatLayer, ...]
    source: str


def drawn(seed: int) -> Network:
    """Laplacian weights of variance 2 / inputs, which is roughly how trained weights are spread."""
    rng = np.random.default_rng(seed)
    weights = []
    for layer in PAPER_LAYERS:
        inputs = layer.shape.weights / layer.shape.out_c
        values = rng.laplace(0.0, np.sqrt(1.0 / inputs), layer.shape.weight_shape)
        weights.append((values, rng.normal(0.0, 0.1, layer.shape.out_c)))
    return Network(_with_activations(weights, rng), f"Laplacian, drawn with seed {seed}")


def trained(run_dir: Path, seed: int) -> Network:
    """The float stage of a run of configs/paper.toml; its input is noise in the features' range.

    Raises:
        ModelError: no such stage, or another architecture.
    """
    from kws_tflm.train import load_model, open_run

    model = load_model(run_dir, "float")
    names = {layer.name for layer in model.layers}
    if not names.issuperset(KERAS_LAYERS):
        raise ModelError(f"{run_dir}: not a run of 'cnn_one_fstride4'; train one with configs/paper.toml")
    weights = []
    for name, layer in zip(KERAS_LAYERS, PAPER_LAYERS, strict=True):
        kernel, bias = (np.asarray(values, np.float64) for values in model.get_layer(name).get_weights())
        # Keras: [frame, mel, 1, filter]; here: [filter][mel][frame][1].
        kernel = kernel.transpose(3, 1, 0, 2) if kernel.ndim == 4 else kernel.T
        if kernel.size != layer.shape.weights:
            raise ModelError(f"{run_dir}: layer {name} has {kernel.size} weights, the paper's {layer.shape.weights}")
        weights.append((kernel.reshape(layer.shape.weight_shape), bias))
    rng = np.random.default_rng(seed)
    source = f"trained, {Path(run_dir).name}, configuration {open_run(run_dir).config.hash}"
    return Network(_with_activations(weights, rng), source)


def _with_activations(weights: list[tuple[Array, Array]], rng: np.random.Generator) -> tuple[FloatLayer, ...]:
    """Each layer with what the dense layers before it give."""
    first: ConvShape = PAPER_LAYERS[0].shape
    values = rng.normal(-5.0, 3.0, first.input_shape)  # natural logarithms of mel power
    result = []
    for layer, (kernel, bias) in zip(PAPER_LAYERS, weights, strict=True):
        current = FloatLayer(layer.shape, values.reshape(layer.shape.input_shape), kernel, bias, layer.relu)
        result.append(current)
        values = current.output()
    return tuple(result)
