"""Every way in which a model can fail to load has its own code and one line of text."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_tflite import tiny_classifier

ALL_OPERATORS, ARENA = 7, 1 << 16
SHAPE = (49, 10, 4)


class Loaded:
    def __init__(self, core, data: bytes, arena_bytes=ARENA, operators=ALL_OPERATORS, shape=SHAPE):
        self.core, self.handle = core, core.model_new(operators)
        self.data, self.arena = _aligned(len(data)), _aligned(arena_bytes)
        self.data[:] = np.frombuffer(data, np.uint8)
        self.arena[:] = 0xA5
        arguments = (self.handle, self.data.ctypes.data, len(data), self.arena.ctypes.data, arena_bytes)
        self.code = core.model_load(*arguments, *shape).decode()
        self.message = core.model_message(self.handle).decode()

    def __del__(self):
        self.core.model_free(self.handle)


def _aligned(size: int) -> np.ndarray:
    raw = np.zeros(size + 32, np.uint8)
    start = -raw.ctypes.data % 16
    return raw[start : start + size]


def test_a_sound_model_loads_and_runs_like_the_runtime(core):
    from kws_tflm.runtime import Interpreter

    data = tiny_classifier()
    model, output = Loaded(core, data), np.zeros(4, np.int8)
    values = np.random.default_rng(2).integers(-128, 128, 490).astype(np.int8)

    assert (model.code, model.message) == ("", "")
    assert core.model_invoke(model.handle, values.ctypes.data, output.ctypes.data)
    assert output.tolist() == Interpreter(data).invoke(values).ravel().tolist()


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 40, 1000, -1])
def test_a_truncated_model_is_e01(core, keep):
    data = tiny_classifier()

    assert Loaded(core, data[:keep]).code == "E01"


def test_garbage_is_e01(core):
    rng = np.random.default_rng(0)
    for size in (8, 64, 1000):
        garbage = bytearray(rng.integers(0, 256, size).astype(np.uint8))
        garbage[4:8] = b"TFL3"
        assert Loaded(core, bytes(garbage)).code == "E01"


def test_another_schema_version_is_e02(core):
    model = Loaded(core, tiny_classifier(version=7))

    assert model.code == "E02"
    assert model.message == "model has schema version 7, this firmware reads 3"


def test_missing_operators_are_e03_and_all_named(core):
    assert Loaded(core, tiny_classifier(), operators=0).message.endswith(": FULLY_CONNECTED, SOFTMAX")
    model = Loaded(core, tiny_classifier(), operators=1)
    assert (model.code, model.message) == ("E03", "operators not in this firmware: SOFTMAX")


def test_any_arena_loads_or_is_e04_and_says_what_is_missing(core):
    data = tiny_classifier()
    used = core.model_arena_used(Loaded(core, data).handle)
    codes = []
    for size in range(0, used + 1024, 16):
        model = Loaded(core, data, arena_bytes=size)
        codes.append(model.code)
        if model.code:
            assert model.code == "E04"
            assert model.message.startswith(f"arena too small: have {size} bytes")
    assert codes == sorted(codes, reverse=True)  # once large enough, always large enough
    assert codes[-1] == ""


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"shape": (1, 480)}, (49, 10, 4)),
        ({"shape": (1, 10, 49)}, (49, 10, 4)),
        ({"shape": (1, 7, 7, 10)}, (49, 10, 4)),
        ({"n_classes": 5}, (49, 10, 4)),
        ({"output_scale": 1 / 128}, (49, 10, 4)),
    ],
)
def test_other_tensors_are_refused(core, changes, shape):
    model = Loaded(core, tiny_classifier(**changes), shape=shape)

    assert model.code == "E05"
    assert model.message.startswith("model output must be" if changes.keys() - {"shape"} else "model input must be")


@pytest.mark.parametrize("shape", [(1, 490), (1, 49, 10), (1, 49, 10, 1), (1, 1, 49, 10), (49, 10)])
def test_the_features_may_come_in_any_equivalent_shape(core, shape):
    assert Loaded(core, tiny_classifier(shape=shape)).code == ""


def test_messages_of_kernels_keep_their_text(core):
    model = Loaded(core, tiny_classifier(softmax_inputs=(3, 3)))

    assert model.code == "E01"
    assert "NumInputs(node) != 1 (2 != 1)" in model.message
    assert "Node SOFTMAX (number 1f) failed to prepare" in model.message
    assert model.message.isprintable()
