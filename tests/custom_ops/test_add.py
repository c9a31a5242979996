"""ADD: our kernel on the host = on an emulated Cortex-M7 = TFLM's own = tf.lite's reference, broadcasting included."""

from __future__ import annotations

import copy
import math
import os
from pathlib import Path

import numpy as np
import pytest
from add_case import AddCase, add_cases
from dense_case import tf_lite
from dense_target import M7Interpreter
from hypothesis import given, settings
from test_cmsis_glue import fake_prefix

from kws_tflm.convert.model import parse, serialize
from kws_tflm.errors import ModelError
from kws_tflm.runtime import Interpreter


@pytest.fixture(scope="module")
def m7(tmp_path_factory: pytest.TempPathFactory) -> M7Interpreter:
    installed = os.environ.get("CMSIS_NN_ROOT")
    prefix = Path(installed) if installed else fake_prefix(tmp_path_factory.mktemp("cmsis_nn_of_add"))
    return M7Interpreter(tmp_path_factory.mktemp("add"), cmsis_nn=prefix)


def host(case: AddCase) -> np.ndarray:
    return Interpreter(case.model()).invoke(case.values()).reshape(case.output_shape)


@settings(max_examples=150, deadline=None)
@given(case=add_cases())
def test_host_gives_tflites_bytes(case: AddCase) -> None:
    np.testing.assert_array_equal(host(case), tf_lite(case.model(), case.values()))


@pytest.mark.parametrize("kernels", ["m7", "reference", "cmsis_nn"])
def test_emulated_m7_gives_the_hosts_bytes(m7: M7Interpreter, kernels: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(case=add_cases())
    def check(case: AddCase) -> None:
        found = m7.run(case.model(), case.values(), case.output_shape, kernels=kernels).output
        np.testing.assert_array_equal(found, host(case))

    check()


@pytest.mark.parametrize("values", [*range(126, 139), 4096])
def test_ends_of_the_pipelined_loop(m7: M7Interpreter, values: int) -> None:
    case = AddCase((1, values), (1, values), constant_first=values % 2 == 0, seed=values)
    found = m7.run(case.model(), case.values(), case.output_shape).output
    np.testing.assert_array_equal(found, host(case))
    np.testing.assert_array_equal(found, tf_lite(case.model(), case.values()))


def test_every_pair_of_values(m7: M7Interpreter) -> None:
    a, b = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
    for scales in ((0.05, 0.03, 0.06), (0.05, 0.05, 0.0125), (0.0007, 0.3, 0.31)):
        case = AddCase((256, 256), (256, 256), *scales, zero_points=(-17, 101, 5))
        model = parse(case.model())
        model.buffers[2].data = np.frombuffer(b.astype(np.int8).tobytes(), np.uint8)
        data = serialize(model)
        expected = tf_lite(data, a.astype(np.int8))
        np.testing.assert_array_equal(m7.run(data, a.astype(np.int8), (256, 256)).output, expected)
        assert len(np.unique(expected)) > 60


def test_large_sums_take_fewer_instructions(m7: M7Interpreter) -> None:
    """Deterministic counts, not times: 9 an output and the table, against TFLM's 60."""
    case = AddCase((1, 8, 8, 64), (1, 8, 8, 64))
    (ours,) = m7.run(case.model(), case.values(), case.output_shape, count=True).layers
    (theirs,) = m7.run(case.model(), case.values(), case.output_shape, kernels="reference", count=True).layers
    assert ours < 13 * math.prod(case.output_shape)
    assert theirs > 3 * ours


def _with(case: AddCase, tensor: int, **changes: object) -> bytes:
    model = copy.deepcopy(parse(case.model()))
    for name, value in changes.items():
        target = model.subgraphs[0].tensors[tensor]
        if name == "scale":
            target.quantization.scale = np.array([value], np.float32)
        else:
            setattr(target, name, value)
    return serialize(model)


def test_refusals_name_the_operator() -> None:
    case = AddCase((1, 4, 4, 3), (3,))
    with pytest.raises(ModelError, match="shapes do not agree"):
        Interpreter(_with(case, 2, shape=np.array([1, 4, 4, 4], np.int32)))
    with pytest.raises(ModelError, match="scales are too far apart"):
        Interpreter(_with(case, 2, scale=1e-9))
