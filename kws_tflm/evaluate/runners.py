"""What computes a model's scores on this machine: Keras, `tf.lite`, host TFLM; `board.py` is the virtual board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.errors import ModelError

Int8 = npt.NDArray[np.int8]
Outputs = Callable[[Int8], Int8]
"""int8 model inputs [n, values] -> int8 model outputs [n, classes]."""


@dataclass(frozen=True)
class Int8Model:
    """What is to be known of an int8 classifier to feed it and to read its scores."""

    data: bytes
    path: Path
    values: int
    """Of one input."""
    classes: int
    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int
    custom_operators: tuple[str, ...]

    def scores(self, outputs: Int8) -> npt.NDArray[np.float64]:
        """Class scores in [0, 1] of int8 outputs; of a model that ends with logits, their softmax."""
        values = (outputs.astype(np.float64) - self.output_zero_point) * self.output_scale
        lowest, highest = ((end - self.output_zero_point) * self.output_scale for end in (-128, 127))
        if lowest >= -self.output_scale and highest <= 1 + self.output_scale:
            return np.clip(values, 0, 1)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def read_int8_model(path: Path) -> Int8Model:
    """The classifier at `path`.

    Raises:
        ModelError: not there, corrupt, not int8, operators that TFLM does not have, several inputs or outputs.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None
    return int8_model(data, path)


def int8_model(data: bytes, path: Path) -> Int8Model:
    """The same of a file's contents; `path` names it in errors."""
    from kws_tflm.convert import inspect

    info = inspect(data, str(path))
    if len(info.inputs) != 1 or len(info.outputs) != 1:
        raise ModelError(
            f"{path}: has {len(info.inputs)} inputs and {len(info.outputs)} outputs; a classifier has one of each"
        )
    source, result = info.inputs[0], info.outputs[0]
    return Int8Model(
        data=data,
        path=path,
        values=int(np.prod(source.shape)),
        classes=int(np.prod(result.shape)),
        input_scale=source.scale,
        input_zero_point=source.zero_point,
        output_scale=result.scale,
        output_zero_point=result.zero_point,
        custom_operators=tuple(info.custom_operators),
    )


def host_outputs(model: Int8Model) -> Outputs:
    """By host TFLM with the custom operators: the firmware's kernels."""
    from kws_tflm.runtime import Interpreter

    interpreter = Interpreter(model.data, where=str(model.path))
    shape = interpreter.input_shape
    return _one_by_one(lambda values: interpreter.invoke(values.reshape(shape)), "host")


def require_builtin(model: Int8Model) -> None:
    """Raise ModelError if `model` has operators that `tf.lite` does not know."""
    if model.custom_operators:
        raise ModelError(
            f"{model.path}: has {', '.join(model.custom_operators)}, which tf.lite does not know; "
            "take the runner host or board, or the dense model"
        )


def tflite_outputs(model: Int8Model) -> Outputs:
    """By TensorFlow's `tf.lite` with its reference kernels.

    Raises:
        ModelError: the model has custom operators.
    """
    require_builtin(model)
    from kws_tflm._tf import native_stderr_hidden, tf

    with native_stderr_hidden():
        interpreter = tf.lite.Interpreter(
            model_content=model.data,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def invoke(values: Int8) -> Int8:
        interpreter.set_tensor(source["index"], values.reshape(source["shape"]))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result["index"]), np.int8)

    return _one_by_one(invoke, "tf.lite")


def keras_scores(model: Any) -> Callable[[npt.NDArray[np.int16]], npt.NDArray[np.float32]]:
    """Q7.8 features [n, frames, features] -> softmax scores of a Keras model (float or with fake quantisers)."""
    from kws_tflm.train.step import Scorer

    return Scorer(model).scores


def _one_by_one(invoke: Callable[[Int8], Int8], name: str) -> Outputs:
    def outputs(inputs: Int8) -> Int8:
        bar = tqdm(inputs, desc=name, unit="clip", disable=None, leave=False)
        return np.stack([invoke(values).reshape(-1) for values in bar])

    return outputs
