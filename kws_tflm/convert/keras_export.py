"""Keras (float or after QAT) -> full-int8 `.tflite` that the TFLM of 2020 runs."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.convert.fc_as_conv import fully_connected_as_conv
from kws_tflm.convert.fold_quantize import fold_quantize
from kws_tflm.convert.inspection import inspect
from kws_tflm.convert.mean_as_depthwise import mean_as_depthwise
from kws_tflm.convert.metadata import embed_metadata
from kws_tflm.convert.model import parse, serialize
from kws_tflm.errors import ModelError

FEATURE_SCALE = 256.0
"""Fixed-point features are Q7.8."""


def to_dense_tflite(keras_model: Any, representative: npt.NDArray[np.int16], config: Config | None) -> bytes:
    """Convert with int8 input and output, batch 1, per-channel convolutions; dense layers become 1x1 convolutions
    (see `fc_as_conv`) with one scale.

    Args:
        keras_model: a `tf_keras` model with one input and one output; after QAT its own ranges are used.
        representative: Q7.8 features [clips, frames, coefficients] that calibrate a float model.
        config: embedded as metadata; None leaves it out.

    Raises:
        ModelError: the converter refuses the model, or the result needs operators that TFLM does not have.
    """
    from kws_tflm._tf import native_stderr_hidden, tf

    shape = (1, *keras_model.inputs[0].shape[1:])
    if len(representative) == 0:
        raise ModelError("conversion needs at least one clip of features; give some training data")
    samples = representative.astype(np.float32) / FEATURE_SCALE
    try:
        samples = samples.reshape(-1, *shape)
    except ValueError:
        raise ModelError(
            f"features of shape {representative.shape[1:]} do not fit the model's input {shape[1:]}; "
            "use the configuration that made the model"
        ) from None

    def representative_dataset() -> Iterator[list[npt.NDArray[np.float32]]]:
        for sample in samples:
            yield [sample]

    with _quiet(), native_stderr_hidden():
        try:
            function = tf.function(lambda x: keras_model(x, training=False))
            concrete = function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="features"))
            converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], keras_model)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = representative_dataset
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
            # TFLM of 2020 knows FULLY_CONNECTED only with one scale.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True
            converted = bytes(converter.convert())
        except (ValueError, RuntimeError, TypeError, tf.errors.OpError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"Keras model cannot be converted to int8: {reason}") from None
    model = parse(converted, "converted model")
    fold_quantize(model)
    mean_as_depthwise(model)
    fully_connected_as_conv(model)
    dense = serialize(model)
    inspect(dense, "converted model")
    return dense if config is None else embed_metadata(dense, config)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the converter's Python warnings about its own future."""
    import logging

    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        absl.setLevel(level)
