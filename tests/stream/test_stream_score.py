"""`stream make` and `stream score` as typed: reports, --apply into model and run folder, and one line for bad input."""

import errno
import hashlib
import json
import re
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stream_trees import WORDS, backgrounds, class_folder, official

from kws_tflm import config as configuration
from kws_tflm.cli.main import main
from kws_tflm.config import DetectorConfig
from kws_tflm.convert import embed_metadata, read_metadata
from kws_tflm.convert.model import parse, serialize
from kws_tflm.data.wav import read_wav, write_wav
from kws_tflm.errors import MismatchError, ModelError
from kws_tflm.firmware.generate import generated_files, read_application
from kws_tflm.stream import apply as applying
from kws_tflm.stream.apply import apply_detector
from kws_tflm.train.run_folder import RunFolder, open_run

NEW = DetectorConfig(threshold=0.735, smoothing=4)


@pytest.fixture
def model(tmp_path, tiny_models):
    path = tmp_path / "model.tflite"
    path.write_bytes(embed_metadata(tiny_models.sparse, tiny_models.config))
    return path


@pytest.fixture
def run_folder(tmp_path, tiny_models):
    """A run with both models and the report of its conversion."""
    run = RunFolder(tmp_path / "run", tiny_models.config)
    report = {}
    for name, content in (("sparse", tiny_models.sparse), ("dense", tiny_models.dense)):
        inside = embed_metadata(content, tiny_models.config)
        (run.path / f"{name}.tflite").write_bytes(inside)
        report[name] = {"bytes": len(inside), "sha256": hashlib.sha256(inside).hexdigest()}
    (run.path / "convert.json").write_text(json.dumps(report | {"layers": []}))
    return run.path


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """Half a minute of yes, no and another word."""
    folder = tmp_path_factory.mktemp("stream")
    tree = official(folder / "data")
    audio = folder / "stream.wav"
    assert main(["stream", "make", "--data", str(tree), "--words", "yes,no", "--minutes", "0.5", "--quiet", "0",
                 "--out", str(audio), "--json"]) == 0  # fmt: skip
    return audio


def fail(capsys, *arguments, words=(), code=2):
    """Run a command that must fail with one line on standard error, which has `words`."""
    capsys.readouterr()
    assert main(["stream", *map(str, arguments)]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("kws-tflm: error: ")
    for word in words:
        assert word in lines[0], lines[0]


def score(capsys, *arguments):
    """(exit code, JSON) of `stream score`."""
    capsys.readouterr()
    code = main(["stream", "score", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_report_has_rule_points_limits_and_choice(capsys, model, stream, tmp_path):
    code, report = score(capsys, model, stream, "--smoothing", "1,3", "--plot", tmp_path / "det.png",
                         "--max-false-alarms-per-hour", 100000)  # fmt: skip
    assert code == 0
    assert report["hours"] == pytest.approx(30 / 3600)
    assert report["rule"] == {"window_ms": 1000, "refractory_ms": 900, "hops_per_inference": 8, "confidence": 0.95,
                              "max_false_alarms_per_hour": 100000}  # fmt: skip
    assert {point["smoothing"] for point in report["points"]} == {1, 3}
    assert report["chosen"] in report["points"]
    assert report["configured"]["threshold"] == 0.6
    said = json.loads(stream.with_suffix(".json").read_text())["labels"]
    assert report["configured"]["said"] == sum(entry["kind"] == "keyword" for entry in said)
    assert sum(n["said"] for n in report["words"].values()) == report["configured"]["said"]
    bands = report["snr_bands"]
    assert sum(band["said"] for band in bands) == report["configured"]["said"]
    assert sum(band["heard"] for band in bands) == sum(n["heard"] for n in report["words"].values())
    assert all(band["to_db"] == band["from_db"] + 5 for band in bands)
    assert report["applied"] == []
    assert (tmp_path / "det.png").stat().st_size > 1000


def test_text_says_the_same(capsys, model, stream):
    capsys.readouterr()
    assert main(["stream", "score", str(model), str(stream)]) == 0
    text = capsys.readouterr().out
    for words in ("false alarm", "1000 ms", "900 ms refractory", "configured", "chosen", "an hour", "median delay"):
        assert words in text
    assert re.search(r"heard by SNR  +\d+ to \d+ dB \d+/\d+", text)


def test_apply_reaches_the_generated_settings(capsys, model, stream):
    before = model.read_bytes()
    code, report = score(capsys, model, stream, "--smoothing", "2", "--apply")
    assert code == 0
    assert report["applied"] == [str(model.resolve())]
    chosen = report["chosen"]
    inside = read_metadata(model.read_bytes())
    assert (inside.config.detector.threshold, inside.config.detector.smoothing) == (chosen["threshold"], 2)
    assert inside.hash == read_metadata(before).hash
    header = generated_files(read_application(model), 1000)["settings.h"]
    detector = re.search(r"kDetector = \{\s*kClasses, \w+, (\d+), (\d+), (\d+)\}", header)
    assert [int(n) for n in detector.groups()] == [2, round(chosen["threshold"] * 1000), 14400]
    again = score(capsys, model, stream, "--smoothing", "2", "--apply")[1]
    assert again["applied"] == []
    assert again["configured"] == again["chosen"] == chosen


def test_apply_with_out_leaves_the_model_alone(capsys, model, stream, tmp_path):
    before = model.read_bytes()
    report = score(capsys, model, stream, "--apply", "--out", tmp_path / "new" / "tuned.tflite")[1]
    assert report["applied"] == [str((tmp_path / "new" / "tuned.tflite").resolve())]
    assert model.read_bytes() == before
    tuned = read_metadata((tmp_path / "new" / "tuned.tflite").read_bytes()).config
    assert tuned.detector.threshold == report["chosen"]["threshold"]


def test_apply_to_a_run_changes_models_report_and_configuration(run_folder):
    changed = apply_detector(run_folder, NEW)
    assert sorted(path.name for path in changed) == ["config.json", "convert.json", "dense.tflite", "sparse.tflite"]
    assert open_run(run_folder).config.detector == NEW
    report = json.loads((run_folder / "convert.json").read_text())
    for name in ("sparse", "dense"):
        content = (run_folder / f"{name}.tflite").read_bytes()
        assert read_metadata(content).config.detector == NEW
        assert report[name] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert apply_detector(run_folder, NEW) == []


def test_a_link_stays_a_link_and_permissions_stay(model, tmp_path):
    link = tmp_path / "link.tflite"
    link.symlink_to(model)
    model.chmod(0o640)
    assert apply_detector(link, NEW) == [model.resolve()]
    assert link.is_symlink()
    assert model.stat().st_mode & 0o777 == 0o640


def test_full_disk_loses_nothing(model, run_folder, monkeypatch):
    contents = {path: path.read_bytes() for path in (model, *run_folder.iterdir())}

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kws_tflm.train.storage.os.fsync", full)
    for target in (model, run_folder):
        with pytest.raises(OSError, match="No space left"):
            apply_detector(target, NEW)
    assert {path: path.read_bytes() for path in (model, *run_folder.iterdir())} == contents


def test_second_model_that_cannot_be_read_changes_nothing(run_folder):
    (run_folder / "dense.tflite").write_bytes(b"no model")
    before = (run_folder / "sparse.tflite").read_bytes()
    with pytest.raises(ModelError):
        apply_detector(run_folder, NEW)
    assert (run_folder / "sparse.tflite").read_bytes() == before
    assert open_run(run_folder).config.detector == DetectorConfig()


def test_a_model_that_would_change_is_not_written(model, monkeypatch):
    before = model.read_bytes()
    monkeypatch.setattr(applying, "_same_outputs", lambda *models: False)
    with pytest.raises(ModelError, match="without harm"):
        apply_detector(model, NEW)
    assert model.read_bytes() == before


def test_foreign_model_needs_a_configuration(capsys, tmp_path, tiny_models, stream):
    bare = tmp_path / "bare.tflite"
    stripped = parse(tiny_models.sparse)
    stripped.metadata = []
    bare.write_bytes(serialize(stripped))
    classes = ",".join(tiny_models.config.labels)
    fail(capsys, "score", bare, stream, "--classes", classes, "--apply", words=("--config",))
    other = replace(tiny_models.config, name="other")
    assert apply_detector(bare, NEW, other) == [bare.resolve()]
    assert read_metadata(bare.read_bytes()).config == replace(other, detector=NEW)
    with pytest.raises(MismatchError):
        apply_detector(bare, NEW, configuration.from_dict({"seed": 99}))


def test_no_setting_within_the_bound_is_exit_code_one_and_writes_nothing(capsys, model, stream, monkeypatch):
    monkeypatch.setattr("kws_tflm.stream.sweep.choose", lambda points, most: None)
    before = model.read_bytes()
    code, report = score(capsys, model, stream, "--max-false-alarms-per-hour", 0, "--apply")
    assert code == 1
    assert report["chosen"] is None
    assert report["applied"] == []
    assert model.read_bytes() == before
    assert main(["stream", "score", str(model), str(stream), "--apply"]) == 1
    assert "nothing written" in capsys.readouterr().out


def test_stream_without_known_words_counts_false_alarms_only(capsys, model, tmp_path):
    audio = tmp_path / "noise.wav"
    write_wav(audio, np.random.default_rng(0).normal(0, 500, 16000 * 12).astype(np.int16))
    audio.with_suffix(".json").write_text("[]")
    code, report = score(capsys, model, audio)
    assert code == 0
    assert report["chosen"] is None
    assert report["configured"]["miss_rate"] is None
    fail(capsys, "score", model, audio, "--apply", words=("noise.wav", "nothing written"))


def test_labels_of_another_stream(capsys, model, stream, tmp_path):
    other = tmp_path / "other.wav"
    samples = read_wav(stream)
    samples[1000] += 1
    write_wav(other, samples)
    labels = stream.with_suffix(".json")
    fail(capsys, "score", model, other, "--labels", labels, words=("another stream", "other.wav", "stream.json"))
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps([{"word": "yes", "start": 10, "end": len(samples) + 1}]))
    fail(capsys, "score", model, other, "--labels", plain, words=("another stream", "'yes'"))


def test_labels_that_overlap(capsys, model, stream, tmp_path):
    labels = tmp_path / "labels.json"
    words = [{"word": "yes", "start": 5000, "end": 9000}, {"word": "no", "start": 8999, "end": 9500}]
    labels.write_text(json.dumps(words))
    fail(capsys, "score", model, stream, "--labels", labels, words=("overlap", "'yes'", "'no'", "8999"))


def test_recording_of_another_rate(capsys, model, tmp_path):
    audio = tmp_path / "cd.wav"
    with wave.open(str(audio), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(bytes(88200))
    fail(capsys, "score", model, audio, words=("cd.wav", "44100 Hz", "16000 Hz"))
    tree = class_folder(tmp_path / "classes")
    (tmp_path / "noise").mkdir()
    audio.rename(tmp_path / "noise" / "cd.wav")
    make = ("make", "--data", tree, "--words", "yes,no", "--out", tmp_path / "s.wav", "--noise", tmp_path / "noise")
    fail(capsys, *make, words=("cd.wav", "44100 Hz"))
    assert not (tmp_path / "s.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--noise", "{empty}"], ("empty", "no .wav file")),
        (["--noise", "{empty}/none"], ("no such folder", "--noise")),
        ([], ("_background_noise_", "--noise")),
        (["--words", "lumos"], ("lumos", "--words")),
        (["--words", ","], ("no words",)),
        (["--words", "yes,lumos", "--noise", "{noise}"], ("'lumos'", "--split all")),
        (["--minutes", "0"], ("0 minutes",)),
        (["--snr-db", "30", "5"], ("lower one first",)),
        (["--rate", "39", "--minutes", "1", "--noise", "{noise}"], ("do not fit", "at most")),
        (["--data", "{empty}"], ("empty", "yes, no")),
        (["--data", "{empty}/none"], ("no such folder",)),
        (["--noise", "{noise}", "--out", "{empty}/s.json"], ("s.json", ".wav")),
    ],
)
def test_make_refuses_in_one_line(capsys, tmp_path, arguments, words):
    places = {"empty": tmp_path / "empty", "noise": tmp_path / "noise"}
    places["empty"].mkdir()
    backgrounds(places["noise"])
    tree = class_folder(tmp_path / "classes")
    given = [argument.format(**places) for argument in arguments]
    base = {"--data": tree, "--words": ",".join(WORDS), "--out": tmp_path / "s.wav"}
    defaults = [part for name, value in base.items() if name not in given for part in (name, value)]
    fail(capsys, "make", *defaults, *given, words=words)
    assert list(places["empty"].iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--smoothing", "0,3"], ("--smoothing", "1 to 16")),
        (["--smoothing", "three"], ("--smoothing",)),
        (["--window", "-1"], ("--window",)),
        (["--max-false-alarms-per-hour", "nan"], ("--max-false-alarms-per-hour",)),
        (["--board", "-5"], ("--board",)),
        (["--out", "x.tflite"], ("--apply",)),
        (["--labels", "none.json"], ("none.json", "no such labels")),
    ],
)
def test_score_refuses_in_one_line(capsys, model, stream, arguments, words):
    fail(capsys, "score", model, stream, *arguments, words=words)


def test_missing_and_damaged_models(capsys, stream, tmp_path):
    fail(capsys, "score", tmp_path / "none.tflite", stream, words=("none.tflite",))
    (tmp_path / "bad.tflite").write_bytes(b"not a model")
    fail(capsys, "score", tmp_path / "bad.tflite", stream, words=("bad.tflite",))


@pytest.mark.slow
def test_board_hears_what_the_host_hears(capsys, tmp_path, tiny_models, stream):
    """The applied settings, in firmware that is built around the changed model."""
    path = tmp_path / "model.tflite"
    loud = replace(tiny_models.config, detector=DetectorConfig(threshold=0.1))
    path.write_bytes(embed_metadata(tiny_models.sparse, loud))
    code, report = score(capsys, path, stream, "--smoothing", "1,2", "--max-false-alarms-per-hour", 1e9, "--apply",
                         "--board", 6)  # fmt: skip
    assert code == 0
    assert report["applied"] == [str(Path(path).resolve())]
    board = report["board"]
    assert board["same"]
    assert board["inferences"] == 1 + (6 * 16000 - 16000) // 2560
    assert board["board"] == board["host"]
