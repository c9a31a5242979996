"""Prune-preserving quantisation-aware training through TFMOT."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm._tf import keras, prune_preserve_scheme, quantize_configs, tf, tfmot

_POOLS = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)


def quantization_aware(model: Any) -> Any:
    """A copy of `model` with fake quantisers: int8 activations, symmetric int8 weights.

    Weights that are zero stay zero (TFMOT's prune-preserve scheme); convolutions are per channel.
    A pool gets no quantiser of its own: it then shares the scale of its input, as TFLite's int8
    pool demands, and no int8 -> int8 QUANTIZE appears beside it.
    """

    def annotate(layer: Any) -> Any:
        if isinstance(layer, _POOLS):
            return tfmot.quantization.keras.quantize_annotate_layer(layer, quantize_configs.NoOpQuantizeConfig())
        return layer

    annotated = keras.models.clone_model(model, clone_function=annotate)
    annotated.set_weights(model.get_weights())
    annotated = tfmot.quantization.keras.quantize_annotate_model(annotated)
    scope = {"NoOpQuantizeConfig": quantize_configs.NoOpQuantizeConfig}
    with tfmot.quantization.keras.quantize_scope(scope):
        return tfmot.quantization.keras.quantize_apply(
            annotated, prune_preserve_scheme.Default8BitPrunePreserveQuantizeScheme()
        )


def calibrate(quantized: Any, model: Any, inputs: npt.NDArray[np.float32], tail: float = 1e-5) -> None:
    """Start the activation quantisers of `quantized` at the ranges that `model` shows on `inputs`.

    TFMOT starts them at +-6 and moves them by 0.1 % a step, too slowly for a short QAT: ReLU outputs
    would keep half of the int8 codes for negative values. A `tail` of the values is cut off on each
    side of every activation; the input range is whole.
    """
    watched = [(_original_name(layer), ends) for layer in quantized.layers if (ends := _range_variables(layer))]
    tensors = [model.get_layer(name).output if name else model.input for name, _ in watched]
    values = keras.Model(model.input, tensors)(tf.constant(inputs), training=False)
    for (name, (minimum, maximum)), value in zip(watched, values, strict=True):
        low, high = np.quantile(value, [tail, 1.0 - tail]) if name else (np.min(value), np.max(value))
        minimum.assign(min(float(low), 0.0))
        maximum.assign(max(float(high), float(low) + 1e-3, 1e-3))


def _original_name(layer: Any) -> str | None:
    """Name in the unquantised model; None for TFMOT's quantiser of the input."""
    return layer.layer.name if hasattr(layer, "layer") else None


def _range_variables(layer: Any) -> tuple[Any, Any] | None:
    """The (minimum, maximum) variables of the layer's output quantiser, if it has one."""
    found = {}
    for variable in layer.weights:
        name = variable.name.split("/")[-1].split(":")[0]
        if not name.startswith(("kernel", "depthwise_kernel")):
            found[name.rpartition("_")[2]] = variable
    return (found["min"], found["max"]) if {"min", "max"} <= set(found) else None
