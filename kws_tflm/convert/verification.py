"""Run a dense and a sparse model side by side and demand the same bytes.

Three runners: TensorFlow's own interpreter with its reference kernels (dense), host TFLM (dense), host
TFLM with the custom operators (sparse). A difference is traced to the first operator that shows it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.keras_export import FEATURE_SCALE
from kws_tflm.convert.model import drop_unused, indices, parse, serialize, shape_of
from kws_tflm.convert.schema import operator_name, text
from kws_tflm.errors import ModelError, ParityError

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
    arena_dense: int
    """Host arena bytes."""
    arena_sparse: int
    rounding_differences: int
    """Inputs on which tf.lite's FULLY_CONNECTED, which rounds once, is one step from TFLM's, which rounds twice.
    Only foreign models have that operator (see `fc_as_conv`)."""


@dataclass(frozen=True)
class Difference:
    """Where two runners first part."""

    operator: int
    name: str
    tensor: str
    values: int
    wrong: int
    worst: int
    """Largest difference in int8 steps."""
    first: int
    """Flat index of the first wrong value."""
    found: int
    expected: int

    def __str__(self) -> str:
        return (
            f"operator {self.operator} ({self.name}, tensor '{self.tensor}') has {self.wrong} of {self.values} values "
            f"off by up to {self.worst}, first at {self.first}: {self.found} instead of {self.expected}"
        )

    @property
    def is_rounding(self) -> bool:
        """The known one: see `VerifyReport.rounding_differences`."""
        return self.name == "FULLY_CONNECTED" and self.worst <= 1


def verify(
    dense: bytes, sparse: bytes, features: npt.NDArray[np.int16] | None = None, where: str = "model"
) -> VerifyReport:
    """Compare all runners on Q7.8 `features` [clips, frames, coefficients], or on noise when there are none.

    Raises:
        ParityError: outputs differ; the message names the first operator that differs and by how much.
        ModelError: host TFLM does not take one of the models, or the features do not fit it.
    """
    from kws_tflm.runtime import Interpreter

    host_dense, host_sparse = Interpreter(dense, where=where), Interpreter(sparse, where=f"{where} (sparse)")
    inputs = model_inputs(dense, features, where)
    reference = tf_lite_outputs(dense, inputs)
    roundings = 0
    for index, values in enumerate(inputs):
        expected = host_dense.invoke(values)
        if not np.array_equal(expected.ravel(), reference[index].ravel()):
            difference = first_difference(_on_tf_lite, dense, dense, values)
            if difference is None or not difference.is_rounding:
                raise ParityError(f"{where}: host TFLM differs from tf.lite on input {index}: {difference or _NOWHERE}")
            roundings += 1
        if not np.array_equal(host_sparse.invoke(values), expected):
            difference = first_difference(_on_host, dense, sparse, values)
            raise ParityError(f"{where}: sparse differs from dense on input {index}: {difference or _NOWHERE}")
    return VerifyReport(
        inputs=len(inputs),
        source="noise" if features is None else "features",
        runners=("tf.lite reference, dense", "host TFLM, dense", "host TFLM, sparse"),
        arena_dense=host_dense.arena_used,
        arena_sparse=host_sparse.arena_used,
        rounding_differences=roundings,
    )


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


def tf_lite_outputs(model: bytes, inputs: Int8) -> list[Int8]:
    """Outputs of TensorFlow's interpreter with the reference kernels."""
    from kws_tflm._tf import native_stderr_hidden, tf

    with warnings.catch_warnings(), native_stderr_hidden():
        warnings.simplefilter("ignore")
        resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
        interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    outputs = []
    for values in inputs:
        interpreter.set_tensor(source, values)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result))
    return outputs


def first_difference(run: Callable[[bytes, Int8], Int8], model: bytes, other: bytes, values: Int8) -> Difference | None:
    """The first operator at which `other` on host TFLM leaves `run(model, values)`; operators correspond one to one.

    None when the models agree on the input `values` operator by operator.
    """
    for index in range(len(parse(model).subgraphs[0].operators)):
        expected = run(truncate(model, index), values).ravel().astype(np.int32)
        found = _on_host(truncate(other, index), values).ravel().astype(np.int32)
        wrong = np.flatnonzero(expected != found)
        if len(wrong):
            name, tensor = _operator(other, index)
            worst, at = int(np.abs(expected - found).max()), int(wrong[0])
            return Difference(
                index, name, tensor, len(expected), len(wrong), worst, at, int(found[at]), int(expected[at])
            )
    return None


def _on_tf_lite(model: bytes, values: Int8) -> Int8:
    return tf_lite_outputs(model, values[None])[0]


def _on_host(model: bytes, values: Int8) -> Int8:
    from kws_tflm.runtime import Interpreter

    return Interpreter(model).invoke(values)


def truncate(model: bytes, operator: int) -> bytes:
    """`model` ending with the output of `operator`."""
    parsed = parse(model)
    graph = parsed.subgraphs[0]
    graph.operators = graph.operators[: operator + 1]
    graph.outputs = copy.copy(graph.operators[operator].outputs[:1])
    # A branch that is cut off leaves operators whose results nobody reads: TFLM's planner refuses them.
    needed = set(indices(graph.outputs))
    kept: list[Any] = []
    for op in reversed(graph.operators):
        if needed & set(indices(op.outputs)):
            kept.insert(0, op)
            needed |= set(indices(op.inputs))
    graph.operators = kept
    parsed.signatureDefs = None
    drop_unused(parsed)
    return serialize(parsed)


def _operator(model: bytes, index: int) -> tuple[str, str]:
    parsed = parse(model)
    op = parsed.subgraphs[0].operators[index]
    tensor = parsed.subgraphs[0].tensors[indices(op.outputs)[0]]
    return operator_name(parsed.operatorCodes[op.opcodeIndex]), text(tensor.name).split(";")[0]
