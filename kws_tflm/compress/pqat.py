"""Prune-preserving quantisation-aware training through TFMOT."""

from __future__ import annotations

from typing import Any

from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (
    default_8bit_prune_preserve_quantize_scheme as prune_preserve,
)
from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
    default_8bit_quantize_configs as default_8bit,
)

from kws_tflm._tf import keras, tfmot

_POOLS = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)


def quantization_aware(model: Any) -> Any:
    """A copy of `model` with fake quantisers: int8 activations, symmetric int8 weights.

    Weights that are zero stay zero (TFMOT's prune-preserve scheme); convolutions are per channel.
    A pool gets no quantiser of its own: it then shares the scale of its input, as TFLite's int8
    pool demands, and no int8 -> int8 QUANTIZE appears beside it.
    """

    def annotate(layer: Any) -> Any:
        if isinstance(layer, _POOLS):
            return tfmot.quantization.keras.quantize_annotate_layer(layer, default_8bit.NoOpQuantizeConfig())
        return layer

    annotated = keras.models.clone_model(model, clone_function=annotate)
    annotated.set_weights(model.get_weights())
    annotated = tfmot.quantization.keras.quantize_annotate_model(annotated)
    scope = {"NoOpQuantizeConfig": default_8bit.NoOpQuantizeConfig}
    with tfmot.quantization.keras.quantize_scope(scope):
        return tfmot.quantization.keras.quantize_apply(
            annotated, prune_preserve.Default8BitPrunePreserveQuantizeScheme()
        )
