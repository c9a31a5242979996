"""The verbs on real parts, with a network of random weights: convert, firmware, run, parity, info, evaluate."""

import json

import numpy as np
import pytest

from kws_tflm.cli.main import main
from kws_tflm.config import from_dict

CONFIG = {
    "name": "end_to_end",
    "data": {"words": ["yes", "no"], "clips_per_word": 10},
    "model": {"filters": 16, "blocks": 2},
    "detector": {"threshold": 0.35, "smoothing": 1},
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """Two seconds of noise that comes and goes."""
    from kws_tflm.data import write_wav

    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    rng = np.random.default_rng(5)
    loudness = np.repeat(rng.uniform(10, 9000, 40), 800)
    write_wav(path, (rng.standard_normal(32000) * loudness).clip(-32768, 32767).astype(np.int16))
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory, audio):
    """A pruned network of random weights, converted: (dense, sparse)."""
    from kws_tflm.compress import Pruner
    from kws_tflm.convert.keras_export import to_dense_tflite
    from kws_tflm.convert.run import convert_model
    from kws_tflm.data import read_wav
    from kws_tflm.models import build
    from kws_tflm.runtime import FeatureExtractor

    config = from_dict(CONFIG)
    model = build(config)
    pruner = Pruner(model, config.prune)
    pruner.update(config.prune.sparsity)
    pruner.apply()
    columns = FeatureExtractor(config.features).clip(read_wav(audio))
    features = np.stack([columns[i : i + config.features.n_frames] for i in range(0, 40, 2)])
    result = convert_model(to_dense_tflite(model, features, config), features, config)
    folder = tmp_path_factory.mktemp("models")
    dense, sparse = folder / "dense.tflite", folder / "sparse.tflite"
    dense.write_bytes(result.dense)
    sparse.write_bytes(result.sparse)
    return dense, sparse


def report(capsys, *arguments):
    """Run a verb with --json; returns (exit code, what it printed)."""
    code = main([*map(str, arguments), "--json"])
    return code, capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("which", ["dense", "sparse"])
def test_every_stage_agrees(which, models, audio, capsys):
    path = models[0] if which == "dense" else models[1]
    code, out = report(capsys, "parity", audio, "--model", path)
    result = json.loads(out)
    assert result["same"], result["verdict"]
    assert code == 0
    board = [c for c in result["comparisons"] if c["second"] == "virtual board"]
    assert {c["what"] for c in board} == {"features", "model input", "model output", "detections"}


@pytest.mark.slow
def test_the_virtual_board_hears_what_the_host_hears(models, audio, capsys):
    from kws_tflm.data import read_wav
    from kws_tflm.runtime import Spotter

    code, out = report(capsys, "run", models[1], audio)
    assert code == 0
    *lines, totals = [json.loads(line) for line in out.splitlines()]
    heard = [(line["word"], line["score"], line["sample"]) for line in lines if line["sample"] <= 32000]
    expected = Spotter(models[1].read_bytes(), from_dict(CONFIG)).process(read_wav(audio))
    assert heard == [(d.word, d.score, d.sample) for d in expected]
    assert totals["overruns"] == 0
    assert totals["instructions_per_inference"] > 0
    assert "cycles_per_inference" not in totals


@pytest.mark.slow
def test_with_the_cycle_model_the_console_shows_modelled_cycles(models, audio, capsys):
    from kws_tflm.profile import profile_model

    code, out = report(capsys, "run", models[1], audio, "--timing")
    assert code == 0
    totals = json.loads(out.splitlines()[-1])
    modelled = profile_model(models[1], progress=lambda line: None).total.cycles
    # The firmware's interrupts and cold caches come on top, a few per cent.
    assert totals["cycles_per_inference"] == pytest.approx(modelled, rel=0.2)
    assert totals["cycles_per_column"] > 0


@pytest.mark.slow
def test_firmware_and_flash_report(models, capsys):
    code, out = report(capsys, "firmware", models[1])
    image = json.loads(out)
    assert code == 0
    assert 0 < image["arena_used"] <= image["arena_bytes"]
    code, out = report(capsys, "flash", "--elf", image["elf"], "--tool", "openocd", "--dry-run")
    assert code == 0
    assert image["elf"] in json.loads(out)["command"]
    code, out = report(capsys, "info", image["elf"])
    assert json.loads(out)["bytes_by_memory"]["flash"] > 0


@pytest.mark.slow
def test_info_names_the_sparse_operator_and_the_configuration(models, capsys):
    code, out = report(capsys, "info", models[1])
    facts = json.loads(out)
    assert code == 0
    assert "KWS_SPARSE_CONV_2D" in facts["custom_operators"]
    assert facts["config"] == from_dict(CONFIG).hash


@pytest.mark.slow
def test_evaluate_on_a_folder_of_recordings(models, audio, tmp_path, capsys):
    for word in ("yes", "_silence_"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "a.wav").write_bytes(audio.read_bytes())
    code, out = report(capsys, "evaluate", models[1], "--data", tmp_path)
    stage = next(iter(json.loads(out)["stages"].values()))
    assert code == 0
    assert stage["n"] == 2


@pytest.mark.slow
def test_a_model_of_another_configuration_is_refused(models, tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text("seed = 99\n")
    assert main(["firmware", str(models[1]), "--config", str(other)]) == 2
    error = capsys.readouterr().err
    assert from_dict(CONFIG).hash in error
    assert error.count("\n") == 1
