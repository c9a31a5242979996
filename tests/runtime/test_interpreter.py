"""Host TFLM: the same bytes as tf.lite, and no damaged model that gets through to a crash."""

from __future__ import annotations

import numpy as np
import pytest

from kws_tflm.errors import ModelError
from kws_tflm.features.quantize import input_quantization, quantize_features
from kws_tflm.runtime import Interpreter
from kws_tflm.runtime.interpreter import builtin_operators


def run_all(interpreter: Interpreter, features: np.ndarray) -> np.ndarray:
    quantization = input_quantization(interpreter.input_scale, interpreter.input_zero_point)
    return np.concatenate([interpreter.invoke(quantize_features(clip, *quantization)) for clip in features])


def test_dense_and_sparse_give_the_bytes_of_tf_lite(tiny_models):
    from kws_tflm._tf import tf

    reference = tf.lite.Interpreter(
        model_content=tiny_models.dense, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    reference.allocate_tensors()
    taken, given = reference.get_input_details()[0], reference.get_output_details()[0]
    quantization = input_quantization(*taken["quantization"])
    expected = []
    for clip in tiny_models.features:
        reference.set_tensor(taken["index"], quantize_features(clip, *quantization).reshape(taken["shape"]))
        reference.invoke()
        expected.append(reference.get_tensor(given["index"]))

    dense = run_all(Interpreter(tiny_models.dense), tiny_models.features)
    sparse = run_all(Interpreter(tiny_models.sparse), tiny_models.features)

    np.testing.assert_array_equal(dense, np.concatenate(expected))
    np.testing.assert_array_equal(sparse, dense)
    assert len(np.unique(dense, axis=0)) > 1, "the model must not ignore its input"


def test_the_converter_accepts_what_the_runtime_has():
    from kws_tflm.convert.inspection import INT8_OPERATORS

    assert builtin_operators() == INT8_OPERATORS


def test_arena_too_small_is_one_line(tiny_models):
    with pytest.raises(ModelError) as caught:
        Interpreter(tiny_models.dense, arena_bytes=2000, where="tiny.tflite")
    assert str(caught.value).startswith("tiny.tflite: ")
    assert "\n" not in str(caught.value)


def test_wrong_input_size_is_refused(tiny_models):
    with pytest.raises(ModelError, match="input has 3 bytes"):
        Interpreter(tiny_models.dense).invoke(np.zeros(3, np.int8))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_corrupt_models_load_or_are_refused(tiny_models, kind):
    whole = getattr(tiny_models, kind)
    rng = np.random.default_rng(5)
    messages = []
    for trial in range(1500):
        damaged = bytearray(whole)
        # Structure lies at both ends of the file, weights in between.
        limit = [len(damaged), 3000][trial % 2]
        for position in rng.integers(0, limit, 8):
            damaged[position if trial % 3 else len(damaged) - 1 - position] = rng.integers(256)
        if trial % 10 == 0:
            del damaged[rng.integers(len(damaged)) :]
        try:
            interpreter = Interpreter(bytes(damaged))
            interpreter.invoke(np.zeros(int(np.prod(interpreter.input_shape)), np.int8))
        except ModelError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)
