"""Run a dense and a sparse model side by side and demand the same bytes.

Three runners: TensorFlow's own interpreter with its reference kernels (dense), host TFLM (dense), host
TFLM with the custom operators (sparse). A difference is traced to the first operator that shows it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.difference import Difference, first_difference, on_host, truncate, with_output
from kws_tflm.convert.keras_export import FEATURE_SCALE
from kws_tflm.convert.model import indices, parse, shape_of
from kws_tflm.errors import ModelError, ParityError

__all__ = ["Difference", "VerifyReport", "first_difference", "model_inputs", "tf_lite_outputs", "truncate", "verify"]

Int8 = npt.NDArray[np.int8]
NOISE_INPUTS = 64
NOISE_SEED = 20200716


@dataclass(frozen=True)
class VerifyReport:
    """What was compared; there is no report of a real difference, that is a `ParityError`."""

    inputs: int
    source: str
    """`features` or `noise`."""
    runners: tuple[str, ...]
    outputs: int
    """Outputs of the model, each of them compared."""
    arena_dense: int
    """Host arena bytes; with several outputs, of the head that needs most."""
    arena_sparse: int
    rounding_differences: int
    """Inputs on which tf.lite's FULLY_CONNECTED, which rounds once, is one step from TFLM's, which rounds twice.
    Only foreign models have that operator (see `fc_as_conv`)."""


def verify(
    dense: bytes, sparse: bytes, features: npt.NDArray[np.int16] | None = None, where: str = "model"
) -> VerifyReport:
    """Compare all runners on Q7.8 `features` [clips, frames, coefficients], or on noise when there are none.

    Raises:
        ParityError: outputs differ; the message names the first operator that differs and by how much.
        ModelError: host TFLM does not take one of the models, or the features do not fit it.
    """
    graph = parse(dense, where).subgraphs[0]
    outputs = len(indices(graph.outputs))
    if len(indices(graph.inputs)) != 1:
        raise ModelError(f"{where}: has {len(indices(graph.inputs))} inputs; models of one input are verified")
    inputs = model_inputs(dense, features, where)
    roundings: set[int] = set()
    arena = (0, 0)
    for output in range(outputs):
        # Host TFLM has one output; each head is compared with what it needs.
        pair = (dense, sparse) if outputs == 1 else (with_output(dense, output), with_output(sparse, output))
        found, used = _compare(*pair, inputs, where)
        roundings |= found
        arena = max(arena[0], used[0]), max(arena[1], used[1])
    return VerifyReport(
        inputs=len(inputs),
        source="noise" if features is None else "features",
        runners=("tf.lite reference, dense", "host TFLM, dense", "host TFLM, sparse"),
        outputs=outputs,
        arena_dense=arena[0],
        arena_sparse=arena[1],
        rounding_differences=len(roundings),
    )


def _compare(dense: bytes, sparse: bytes, inputs: Int8, where: str) -> tuple[set[int], tuple[int, int]]:
    """Demand the same bytes of models of one output; returns inputs with a known rounding difference, and arenas."""
    from kws_tflm.runtime import Interpreter

    host_dense, host_sparse = Interpreter(dense, where=where), Interpreter(sparse, where=f"{where} (sparse)")
    reference = tf_lite_outputs(dense, inputs)
    roundings = set()
    for index, values in enumerate(inputs):
        expected = host_dense.invoke(values)
        if not np.array_equal(expected.ravel(), reference[index].ravel()):
            difference = first_difference(_on_tf_lite, dense, dense, values)
            if difference is None or not difference.is_rounding:
                raise ParityError(f"{where}: host TFLM differs from tf.lite on input {index}: {difference or _NOWHERE}")
            roundings.add(index)
        if not np.array_equal(host_sparse.invoke(values).ravel(), expected.ravel()):
            difference = first_difference(on_host, dense, sparse, values)
            raise ParityError(f"{where}: sparse differs from dense on input {index}: {difference or _NOWHERE}")
    return roundings, (host_dense.arena_used, host_sparse.arena_used)


_NOWHERE = "only the whole model differs, no single operator does"


def model_inputs(model: bytes, features: npt.NDArray[np.int16] | None, where: str = "model") -> Int8:
    """int8 inputs [n, *input shape] of `model` from features, or seeded noise over the whole int8 range."""
    parsed = parse(model, where)
    graph = parsed.subgraphs[0]
    tensor = graph.tensors[indices(graph.inputs)[0]]
    shape = shape_of(tensor)
    if features is None:
        rng = np.random.default_rng(NOISE_SEED)
        return rng.integers(-128, 128, (NOISE_INPUTS, *shape)).astype(np.int8)
    from kws_tflm.features.quantize import input_quantization, quantize_features

    if int(np.prod(features.shape[1:])) != int(np.prod(shape)):
        raise ModelError(
            f"{where}: features of shape {features.shape[1:]} do not fit its input {shape[1:]}; "
            "use the configuration that made the model"
        )
    scale, zero_point = float(np.float32(tensor.quantization.scale[0])), int(tensor.quantization.zeroPoint[0])
    try:
        quantized = quantize_features(features, *input_quantization(scale, zero_point))
    except ValueError as error:
        raise ModelError(f"{where}: {error}; its input cannot take Q7.8 features (1/{FEATURE_SCALE:.0f})") from None
    return quantized.reshape(-1, *shape)


def tf_lite_outputs(model: bytes, inputs: Int8, output: int = 0) -> list[Int8]:
    """Results of TensorFlow's interpreter with the reference kernels, at output number `output`."""
    from kws_tflm._tf import native_stderr_hidden, tf

    with warnings.catch_warnings(), native_stderr_hidden():
        warnings.simplefilter("ignore")
        resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
        interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = indices(parse(model).subgraphs[0].outputs)[output]
    outputs = []
    for values in inputs:
        interpreter.set_tensor(source, values)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result))
    return outputs


def _on_tf_lite(model: bytes, values: Int8) -> Int8:
    return tf_lite_outputs(model, values[None])[0]
