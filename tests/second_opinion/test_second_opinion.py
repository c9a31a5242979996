"""QEMU, the virtual board and the host library compute the same bytes; what differs is named."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
from add_case import ACTIVATIONS, AddCase
from dense_case import AVERAGE_POOL, CONV, DEPTHWISE, FULLY_CONNECTED, DenseCase
from depthwise_models import separable_model, with_packed_weights

from kws_tflm.config import FeatureConfig
from kws_tflm.convert import SparsifyRule, sparsify
from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.errors import BoardError, FirmwareError, ToolMissingError
from kws_tflm.evaluate.second_opinion import BOARD, SECOND, compare, on_host, parse_output, second_opinion
from kws_tflm.evaluate.second_opinion_vectors import ModelVectors, Vectors, pack


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)


def draw(rng: np.random.Generator, operator: str) -> DenseCase:
    """A case of any shape, padding, stride, dilation, zero points and clamp."""

    def pair(low: int, high: int) -> tuple[int, int]:
        return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))

    common = {
        "activation": str(rng.choice(ACTIVATIONS)),
        "input_zero_point": int(rng.integers(-128, 128)),
        "output_zero_point": int(rng.integers(-128, 128)),
        "has_bias": bool(rng.integers(2)),
        "per_channel": bool(rng.integers(2)),
        "scale_ratio": float(rng.choice([0.0005, 0.02, 0.1, 0.5])),
        "seed": int(rng.integers(1 << 16)),
    }
    if operator == FULLY_CONNECTED:
        return DenseCase(operator, (1, int(rng.integers(1, 70))), int(rng.integers(1, 14)), **common)
    kernel, stride, dilation = pair(1, 4), pair(1, 3), (1, 1)
    if operator == DEPTHWISE and rng.integers(2):
        kernel, stride = (3, 3), (1, 1)
    elif operator != AVERAGE_POOL and rng.integers(2):
        stride, dilation = (1, 1), pair(1, 3)
    sides = tuple((k - 1) * d + 1 + int(rng.integers(0, 9)) for k, d in zip(kernel, dilation, strict=True))
    depth = int(rng.integers(1, 14))
    channels = {CONV: int(rng.integers(1, 14)), DEPTHWISE: depth * int(rng.integers(1, 4)), AVERAGE_POOL: depth}
    shape = (1, *sides, depth)
    same = bool(rng.integers(2))
    return DenseCase(operator, shape, channels[operator], kernel, stride, dilation, same, **common)


def drawn_models(count: int) -> list[ModelVectors]:
    """`count` cases of each dense operator, and each convolution again as a sparse one."""
    rng = np.random.default_rng(20)
    models = []
    for operator in (CONV, DEPTHWISE, FULLY_CONNECTED, AVERAGE_POOL):
        for i in range(count):
            case = draw(rng, operator)
            values = case.values().reshape(1, -1)
            models.append(ModelVectors(f"{operator} {i}", case.model(), values))
            if operator == CONV:
                block = tuple(int(side) for side in rng.integers(1, 5, 2))
                sparse, decisions = sparsify(
                    case.model(), SparsifyRule(methods=("block_{}x{}".format(*block),), force=True)
                )
                if decisions[0].sparse:
                    models.append(ModelVectors(f"sparse {i}, blocks {block}", sparse, values))
    return models


def drawn_sums(count: int) -> list[ModelVectors]:
    """ADD without and with broadcasting."""
    rng = np.random.default_rng(21)
    models = []
    for i in range(count):
        shape = (1, *(int(side) for side in rng.integers(1, 13, 2)), int(rng.integers(1, 30)))
        other = (shape, shape, shape[3:], (*shape[:3], 1))[i % 4]
        a, b = rng.uniform(0.001, 0.2, 2)
        zero_points = tuple(int(point) for point in rng.integers(-128, 128, 3))
        case = AddCase(shape, other, a, b, a + b, zero_points, str(rng.choice(ACTIVATIONS)), bool(rng.integers(2)), i)
        models.append(ModelVectors(f"ADD {i}", case.model(), case.values().reshape(1, -1)))
    return models


def depthwise_models() -> list[ModelVectors]:
    """The row-pruned depthwise operator and a fused separable convolution."""
    models = []
    for i, shape in enumerate(((1, 7, 6, 8), (1, 9, 5, 12))):
        case = DenseCase(DEPTHWISE, shape, shape[3], (3, 3), same=True, input_zero_point=5, seed=i)
        values = case.values().reshape(1, -1)
        models.append(ModelVectors(f"row-pruned {i}", with_packed_weights(parse(case.model())), values))
        pair = separable_model(case, 5, ACTIVATIONS[i])
        assert len(fuse_separable(pair, always=True)) == 1
        models.append(ModelVectors(f"separable {i}", serialize(pair), values))
    return models


def clips(count: int, samples: int) -> list[np.ndarray]:
    """Noise at several volumes, a tone that clips, silence."""
    rng = np.random.default_rng(5)
    tone = (40000 * np.sin(np.arange(samples) * 0.3)).clip(-32768, 32767).astype(np.int16)
    noises = [rng.normal(0, 10.0 ** (i + 0.5), samples).clip(-32768, 32767).astype(np.int16) for i in range(count)]
    return [tone, np.zeros(samples, np.int16), *noises]


def test_every_kernel_on_drawn_shapes():
    models = [*drawn_models(16), *drawn_sums(16), *depthwise_models()]
    assert sum("sparse" in model.name for model in models) > 8
    opinion = second_opinion(Vectors(models), progress=lambda line: None)
    assert opinion.disagreements == (), opinion.verdict
    assert opinion.operators == len(models)


def test_whole_models_operator_by_operator(tiny_models):
    inputs = np.stack([noise((490,), seed) for seed in range(3)])
    models = [ModelVectors("dense", tiny_models.dense, inputs), ModelVectors("sparse", tiny_models.sparse, inputs)]
    for block in ((1, 2), (4, 1), (2, 4), (3, 5)):
        sparse, _ = sparsify(tiny_models.dense, SparsifyRule(methods=("block_{}x{}".format(*block),), force=True))
        models.append(ModelVectors(f"all sparse, blocks {block}", sparse, inputs))
    opinion = second_opinion(Vectors(models, clips(4, 4000)), progress=lambda line: None)
    assert opinion.disagreements == (), opinion.verdict
    assert opinion.operators >= 6 * 3 * 8
    assert opinion.columns == 6 * 11
    assert "agree" in opinion.verdict


def test_another_front_end():
    features = FeatureConfig(kind="log_mel", n_fft=1024, window_length=641, n_mels=64, f_max=8000.0, log_offset=1e-2)
    opinion = second_opinion(Vectors((), clips(3, 3000), features), progress=lambda line: None)
    assert opinion.disagreements == (), opinion.verdict
    assert opinion.columns > 20


def test_the_first_operator_that_differs_is_named(tiny_models):
    vectors = Vectors([ModelVectors("tiny", tiny_models.sparse, noise((2, 490)))], clips(1, 1000))
    host = on_host(vectors)
    other = dict(host)
    for operator in (4, 3):
        wrong = bytearray(host["operator", 0, 1, operator])
        wrong[7] ^= 1
        other["operator", 0, 1, operator] = bytes(wrong)
    opinion = compare(vectors, host, {BOARD: host, SECOND: other})
    (found,) = opinion.disagreements
    assert (found.other, found.differing) == (SECOND, 2)
    assert "tiny, input 1, operator 3 (" in found.where
    assert "1 of" in found.where
    assert "first at 7" in found.where
    assert opinion.to_dict()["same"] is False

    del other["column", 0, 1]
    other["operator", 0, 1, 3], other["operator", 0, 1, 4] = host["operator", 0, 1, 3], host["operator", 0, 1, 4]
    (found,) = compare(vectors, host, {SECOND: other}).disagreements
    assert "clip 0, feature column 1: only one of them has it" in found.where


def test_a_wrong_model_is_seen_on_both_machines(tiny_models):
    vectors = Vectors([ModelVectors("tiny", tiny_models.dense, noise((1, 490)))])
    other = Vectors([dataclasses.replace(vectors.models[0], inputs=noise((1, 490), seed=9))])
    host = on_host(vectors)
    assert host.keys() == on_host(other).keys()
    assert {found.other for found in compare(vectors, host, {BOARD: on_host(other)}).disagreements} == {BOARD}


def test_model_that_the_program_does_not_have(tiny_models):
    values = noise((1, 490))
    broken = ModelVectors("broken", tiny_models.dense, values[:, :100])
    with pytest.raises(Exception, match="input has 100 bytes"):
        second_opinion(Vectors([broken]), progress=lambda line: None)
    with pytest.raises(FirmwareError, match="must be int8"):
        pack(Vectors([dataclasses.replace(broken, inputs=values.astype(np.int16))]))


def test_missing_qemu_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    with pytest.raises(ToolMissingError, match=r"apt-get install .*qemu-system-arm"):
        second_opinion(Vectors(clips=clips(0, 1000)))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"", "ended after 0 outputs"),
        (b"operator 0 0 0 00ff\n", "ended after 1 outputs"),
        (b"error a fault of the processor\n", "reports: a fault of the processor"),
    ],
)
def test_program_that_does_not_reach_its_end(said, message):
    with pytest.raises(BoardError, match=message):
        parse_output(said, SECOND)
