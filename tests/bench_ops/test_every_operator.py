"""Networks of every operator and encoding: the same bytes from reference, host M7 and emulated board."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from host_programs import HostRunner

from kws_tflm.bench.ops.image import BUILTIN_OPERATORS, build_image
from kws_tflm.bench.ops.measure import Measured, measure
from kws_tflm.bench.ops.network import every_operator, random_network
from kws_tflm.convert.model import parse, shape_of
from kws_tflm.convert.packing_header import MAGIC
from kws_tflm.convert.schema import operator_name
from kws_tflm.firmware.generate import CUSTOM_OPERATORS
from kws_tflm.profile.stimulus import pseudo_random

SEEDS = range(40)
ENCODINGS = {1, 2, 3}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostRunner:
    return HostRunner(tmp_path_factory.mktemp("host_runner"))


def stimulus(model: bytes) -> np.ndarray:
    """What the image feeds the model."""
    graph = parse(model).subgraphs[0]
    return pseudo_random(int(np.prod(shape_of(graph.tensors[graph.inputs[0]]))))


def on_board(models: list[bytes]) -> list[str]:
    """CRC-32 of each model's output on the virtual board."""
    found = measure(build_image("m7"), models)
    refused = [result for result in found if not isinstance(result, Measured)]
    assert not refused
    return [result.output_crc for result in found]


def crc(output: bytes) -> str:
    return f"{zlib.crc32(output):08x}"


def test_one_model_with_every_operator_gives_the_same_bytes_everywhere(host: HostRunner) -> None:
    packed, dense = every_operator(np.random.default_rng(1))

    values = stimulus(packed)
    reference = host.run("reference", dense, values)

    assert host.run("reference", packed, values) == reference
    assert host.run("m7", packed, values) == reference
    assert host.run("m7", dense, values) == reference
    assert on_board([packed, dense]) == [crc(reference)] * 2
    assert len(set(reference)) > 4, "an output that says something"


def test_it_has_every_operator_and_encoding() -> None:
    packed, _ = every_operator(np.random.default_rng(1))

    model = parse(packed)
    names = {operator_name(model.operatorCodes[op.opcodeIndex]) for op in model.subgraphs[0].operators}
    buffers = [bytes(bytearray(buffer.data)) for buffer in model.buffers if buffer.data is not None]
    encodings = {data[12] for data in buffers if data[:4] == MAGIC.to_bytes(4, "little")}
    assert names >= {*CUSTOM_OPERATORS, *BUILTIN_OPERATORS}
    assert encodings == ENCODINGS


def test_random_networks_give_the_same_bytes_everywhere(host: HostRunner, tmp_path: Path) -> None:
    models, expected = [], []
    for seed in SEEDS:
        packed, dense = random_network(np.random.default_rng(seed))
        values = stimulus(packed)
        reference = host.run("reference", dense, values)
        assert host.run("reference", packed, values) == reference, seed
        assert host.run("m7", packed, values) == reference, seed
        models += [packed, dense]
        expected += [crc(reference)] * 2

    found = on_board(models)

    wrong = [(SEEDS[i // 2], ("packed", "dense")[i % 2]) for i, pair in enumerate(zip(found, expected, strict=True))
             if pair[0] != pair[1]]  # fmt: skip
    assert not wrong
