"""A model's profile: its sums, its repeatability, its JSON, what the image computed."""

from __future__ import annotations

import json
import math
import zlib

import numpy as np
import pytest

from kws_tflm.cli.main import main
from kws_tflm.cli.profile_text import model_text
from kws_tflm.convert.model import drop_unused, parse, serialize
from kws_tflm.firmware.toolchain import show
from kws_tflm.profile import profile_model
from kws_tflm.profile.stimulus import SEED, pseudo_random
from kws_tflm.report.profile_plot import draw_profile
from kws_tflm.runtime import Interpreter

from .conftest import OUT


def test_operators_and_overhead_are_the_total(profiled):
    profile = profiled.profile
    overhead = profile.overhead

    for count in ("instructions", "cycles", "icache_misses", "dcache_misses"):
        parts = [getattr(op.counts, count) for op in profile.operators]
        assert sum(parts) + getattr(overhead, count) == getattr(profile.total, count)
        assert min(*parts, getattr(overhead, count)) >= 0
    assert overhead.instructions < 100 * len(profile.operators)
    for op in profile.operators:
        assert 0 < op.counts.instructions < 2 * op.counts.cycles  # at most two a cycle
        assert sum(op.counts.stalls.values()) <= op.counts.cycles


def test_the_same_counts_twice(profiled):
    again = profile_model(profiled.path, out_dir=OUT, progress=lambda line: None)

    assert again == profiled.profile


def test_the_image_computes_what_the_host_computes(profiled):
    host = Interpreter(profiled.model)
    output = host.invoke(pseudo_random(math.prod(host.input_shape)).reshape(host.input_shape))

    assert int(profiled.profile.output_crc, 16) == zlib.crc32(np.asarray(output, np.int8).tobytes())


def test_shapes_and_multiplications(profiled):
    profile = profiled.profile
    first = profile.operators[0]
    by_name = {op.name: op for op in profile.operators}
    sparse = by_name["KWS_SPARSE_CONV_2D"]
    depthwise = next(op for op in profile.operators if "DEPTHWISE" in op.name)  # packed or not, as the converter chose

    assert first.macs == math.prod(first.output_shape) * math.prod(first.filter_shape[1:])
    assert sparse.macs == math.prod(sparse.output_shape) * sparse.filter_shape[-1]
    assert depthwise.macs == math.prod(depthwise.output_shape) * 9
    assert 0 < sparse.macs_stored < sparse.macs / 2
    assert first.macs_stored == first.macs
    assert by_name["SOFTMAX"].macs == 0
    assert profile.memory.model_bytes == len(profiled.model)
    assert profile.memory.flash_bytes > len(profiled.model)
    assert 0 < profile.memory.arena_bytes < 128 * 1024


def test_json_has_the_documented_shape(profiled, capsys):
    assert main(["profile", str(profiled.path), "--out", str(OUT), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)

    assert {"total", "operators", "memory"} <= set(report)
    assert {"instructions", "cycles", "ms"} <= set(report["total"])
    assert {"name", "macs", "instructions", "cycles", "stalls", "weight_bytes", "share"} <= set(report["operators"][0])
    assert {"arena_bytes", "flash_bytes"} <= set(report["memory"])
    assert report["total"]["ms"] == pytest.approx(report["total"]["cycles"] / 216_000, abs=0.001)
    assert report["total"]["instructions"] == profiled.profile.total.instructions


def test_the_table_fits_and_names_every_operator(profiled):
    text = model_text(profiled.profile)

    assert max(len(line) for line in text.splitlines()) <= 120
    for op in profiled.profile.operators:
        assert op.name.removeprefix("KWS_") in text


def test_caches_off_costs_cycles_only(profiled):
    slow = profile_model(profiled.path, caches="off", out_dir=OUT, progress=lambda line: None)

    assert slow.total.instructions == profiled.profile.total.instructions
    assert slow.total.cycles > profiled.profile.total.cycles
    assert slow.output_crc == profiled.profile.output_crc


def test_plot_is_written(profiled, tmp_path):
    draw_profile(profiled.profile, tmp_path / "sub" / "profile.png")

    assert (tmp_path / "sub" / "profile.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_that_is_no_classifier_is_profiled(profiled, tmp_path):
    model = parse(profiled.model)
    graph = model.subgraphs[0]
    last = graph.operators.pop()  # the softmax: the model ends with its logits
    graph.outputs = [last.inputs[0]]
    drop_unused(model)
    path = tmp_path / "logits.tflite"
    path.write_bytes(serialize(model))

    profile = profile_model(path, out_dir=OUT, progress=show)

    assert len(profile.operators) == len(profiled.profile.operators) - 1


def test_cmsis_nn_without_its_folder_is_one_line(profiled, monkeypatch, capsys):
    monkeypatch.delenv("CMSIS_NN_ROOT", raising=False)

    assert main(["profile", str(profiled.path), "--kernels", "cmsis_nn", "--out", str(OUT)]) == 2
    message = capsys.readouterr().err
    assert "CMSIS_NN_ROOT" in message
    assert message.count("\n") == 1


def test_what_is_no_model_is_one_line(tmp_path, capsys):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x00\x00\x00\x00TFL3 and nothing else")

    assert main(["profile", str(path), "--out", str(OUT)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_stimulus_is_xorshift32():
    state, expected = SEED, []
    for _ in range(3):
        state ^= (state << 13) % 2**32
        state ^= state >> 17
        state ^= (state << 5) % 2**32
        expected.append(state % 256)

    assert pseudo_random(3).view(np.uint8).tolist() == expected
