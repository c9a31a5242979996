"""A whole tiny run: phases, masks, resuming, run-folder files."""

from __future__ import annotations

import csv
import dataclasses
import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kws_tflm.errors import ConfigError, MismatchError, ModelError, TrainingError
from kws_tflm.train import load_model, open_run, train_run
from kws_tflm.train.run_folder import RunFolder

from .fakes import FakeSource, tiny_config


def silent(line: str) -> None:
    del line


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "whole"
    train_run(tiny_config(), path, FakeSource(tiny_config()), config_text="name = 'tiny'\n", say=silent)
    return path


def test_run_folder_has_every_file(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names == {
        "config.toml", "config.json", "float.npz", "pruned.npz", "qat.npz",
        "history.csv", "curves.png", "report.json", "state.json",
    }  # fmt: skip
    assert (finished / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_history_has_one_row_an_epoch(finished: Path) -> None:
    rows = list(csv.DictReader((finished / "history.csv").open()))
    assert [(row["phase"], int(row["epoch"])) for row in rows] == [
        *[("float", i) for i in (1, 2, 3)],
        *[("pruned", i) for i in (1, 2, 3, 4)],
        *[("qat", i) for i in (1, 2)],
    ]
    assert [float(row["sparsity"]) for row in rows if row["phase"] != "float"] == [0.4375, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_report_says_what_was_reached_and_with_what(finished: Path) -> None:
    report = json.loads((finished / "report.json").read_text())
    assert report["hash"] == tiny_config().hash
    assert set(report["stages"]) == {"float", "pruned", "qat"}
    for stage in report["stages"].values():
        assert stage["validation"]["accuracy"] > 0.8
        assert stage["test"]["clips"] == 64
    assert [row["layer"] for row in report["stages"]["qat"]["sparsity"]] == ["pw1", "pw2"]
    assert {"tensorflow", "numpy", "python"} <= set(report["versions"])


def test_qat_keeps_every_pruned_zero(finished: Path) -> None:
    folder = open_run(finished)
    for stage in ("pruned", "qat"):
        for layer in json.loads((finished / "report.json").read_text())["stages"][stage]["sparsity"]:
            # 10 x 10 weights in 1 x 4 blocks: 30 blocks, tails of 2 among them
            assert layer["block_sparsity"] == 0.5
    masks = folder.load_stage("pruned").masks
    assert masks
    assert all(np.array_equal(masks[name], folder.load_stage("qat").masks[name]) for name in masks)


def test_loaded_model_is_the_trained_one(finished: Path) -> None:
    source = FakeSource(tiny_config())
    report = json.loads((finished / "report.json").read_text())
    from kws_tflm.evaluate.accuracy import evaluate_keras

    for stage in ("float", "pruned", "qat"):
        result = evaluate_keras(load_model(finished, stage), *source.evaluation("test"), tiny_config().labels)
        assert result.accuracy == report["stages"][stage]["test"]["accuracy"]


def test_finished_run_is_left_as_it_is(finished: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in finished.glob("*.npz")}
    source = FakeSource(tiny_config())
    report = train_run(tiny_config(), finished, source, say=silent)
    assert report == json.loads((finished / "report.json").read_text())
    assert {path.name: path.stat().st_mtime_ns for path in finished.glob("*.npz")} == before
    assert source.asked == []


def test_lost_report_is_made_again_from_the_stages(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    (copy / "report.json").write_text("{")
    report = train_run(tiny_config(), copy, FakeSource(tiny_config()), say=silent)
    assert report["stages"] == json.loads((finished / "report.json").read_text())["stages"]


def test_event_log_has_the_history(tmp_path: Path) -> None:
    from kws_tflm._tf import tf
    from kws_tflm.train.events import EventLog

    row = {"learning_rate": 0.1, "sparsity": 0, "loss": 2, "accuracy": 0.5, "val_loss": 2, "val_accuracy": 0.25}
    EventLog(tmp_path).add(7, row)
    (file,) = tmp_path.iterdir()
    events = [event for event in tf.compat.v1.train.summary_iterator(str(file)) if event.step == 7]
    assert {value.tag: value.simple_value for value in events[0].summary.value}["val_accuracy"] == 0.25


@pytest.mark.parametrize("stop_at", ["pruned   2/", "pruned   4/", "qat      1/"])
def test_resumed_run_equals_uninterrupted_one(finished: Path, tmp_path: Path, stop_at: str) -> None:
    def stop(line: str) -> None:
        if line.startswith(stop_at):
            raise StoppedError

    with pytest.raises(StoppedError):
        train_run(tiny_config(), tmp_path, FakeSource(tiny_config()), say=stop)
    lines: list[str] = []
    train_run(tiny_config(), tmp_path, FakeSource(tiny_config()), say=lines.append)

    assert any("going on after epoch" in line for line in lines)
    for stage in ("float", "pruned", "qat"):
        resumed, whole = open_run(tmp_path).load_stage(stage), open_run(finished).load_stage(stage)
        assert all(np.array_equal(a, b) for a, b in zip(resumed.weights, whole.weights, strict=True))
    assert without_times(tmp_path) == without_times(finished)
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp"))


def without_times(run: Path) -> list[dict[str, str]]:
    rows = list(csv.DictReader((run / "history.csv").open()))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_run_folder_of_another_configuration_is_refused(finished: Path) -> None:
    other = tiny_config(train={"epochs": 4})
    with pytest.raises(MismatchError, match=other.hash):
        train_run(other, finished, FakeSource(other), say=silent)


def test_missing_stage_and_run_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_model(tmp_path, "qat")
    RunFolder(tmp_path, tiny_config())
    with pytest.raises(ModelError, match="no finished stage"):
        load_model(tmp_path, "qat")
    with pytest.raises(ModelError, match="no stage 'quat'"):
        load_model(tmp_path, "quat")


def test_empty_class_is_named(tmp_path: Path) -> None:
    class NoWord(FakeSource):
        def train(self, epoch: int):  # type: ignore[no-untyped-def]
            data = super().train(epoch)
            keep = data.labels != 1
            return type(data)(data.features[keep], data.labels[keep])

    with pytest.raises(TrainingError, match="class no;"):
        train_run(tiny_config(), tmp_path, NoWord(tiny_config()), say=silent)


def test_diverging_loss_is_one_line_and_keeps_earlier_epochs(tmp_path: Path) -> None:
    config = tiny_config()

    class Diverging(FakeSource):
        def train(self, epoch: int):  # type: ignore[no-untyped-def]
            if epoch == 2:
                run = tmp_path / "checkpoint.npz"
                assert run.exists()
                data = super().train(epoch)
                return type(data)(np.full(data.features.shape, np.nan), data.labels)
            return super().train(epoch)

    with pytest.raises(TrainingError, match="epoch 3 of phase 'float'"):
        train_run(config, tmp_path, Diverging(config), say=silent)
    assert len(list(csv.DictReader((tmp_path / "history.csv").open()))) == 2


def test_full_disk_is_one_line_and_the_run_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import kws_tflm.train.storage as storage

    config = tiny_config(prune={"enabled": False})
    writes = 0

    def full(descriptor: int) -> None:
        nonlocal writes
        writes += 1
        if writes > 9:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage.os, "fsync", full)
        with pytest.raises(TrainingError, match="disk full"):
            train_run(config, tmp_path, FakeSource(config), say=silent)
    assert not list(tmp_path.glob(".*.tmp"))
    lines: list[str] = []
    report = train_run(config, tmp_path, FakeSource(config), say=lines.append)
    assert any("going on after epoch" in line for line in lines)
    assert set(report["stages"]) == {"float", "qat"}


def test_a_second_training_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    config = tiny_config()
    with (
        RunFolder(tmp_path, config).alone(),
        pytest.raises(TrainingError, match="another training runs in this folder; wait for it or stop it"),
    ):
        train_run(config, tmp_path, FakeSource(config))
    with RunFolder(tmp_path, config).alone():
        pass


def test_architecture_without_pointwise_layers_is_refused_for_pruning(tmp_path: Path) -> None:
    config = tiny_config(model={"name": "cnn_one_fstride4"}, train={"epochs": 1})
    with pytest.raises(ConfigError, match="no pointwise convolution to prune"):
        train_run(config, tmp_path, FakeSource(config), say=silent)


def test_tuned_detector_reaches_the_folder_of_a_trained_network(tmp_path: Path) -> None:
    config = tiny_config()
    RunFolder(tmp_path / "run", config)
    tuned = dataclasses.replace(config, detector=dataclasses.replace(config.detector, threshold=0.9))
    RunFolder(tmp_path / "run", tuned)
    assert open_run(tmp_path / "run").config == tuned
