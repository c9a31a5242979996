"""Bad input, one row each: one clear line that names the culprit and says what to do, a non-zero exit, no traceback."""

import json
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from kws_tflm.cli.artefacts import RunFolder
from kws_tflm.cli.main import main
from kws_tflm.config import Config, from_dict

ROOT = Path(__file__).resolve().parents[2]


def wav(path, samples=16000, rate=16000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setframerate(rate)
        file.setsampwidth(width)
        file.writeframes(bytes(samples * channels * width))
    return path


def fail(capsys, arguments, *words, code=2):
    """Run a command that must fail, and check the one line it leaves on standard error."""
    assert main([str(a) for a in arguments]) == code
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("kws-tflm: error: ")
    assert "Traceback" not in captured.err
    for word in words:
        assert word in lines[0], lines[0]


@pytest.fixture
def elf(tmp_path):
    """Stands in for a firmware image: audio is checked before the image is opened."""
    path = tmp_path / "firmware.elf"
    path.write_bytes(b"\x7fELF" + bytes(60))
    return path


def missing(tmp_path):
    return tmp_path / "none.wav"


def truncated(tmp_path):
    path = wav(tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[:20000])
    return path


def header_only(tmp_path):
    path = wav(tmp_path / "head.wav")
    path.write_bytes(path.read_bytes()[:30])
    return path


def empty(tmp_path):
    path = tmp_path / "empty.wav"
    path.write_bytes(b"")
    return path


def text(tmp_path):
    path = tmp_path / "notes.wav"
    path.write_text("not a recording\n")
    return path


RECORDINGS = [
    (missing, ["no such file"]),
    (truncated, ["truncated"]),
    (header_only, ["truncated"]),
    (empty, ["empty"]),
    (text, ["not a wav"]),
    (lambda tmp: wav(tmp / "cd.wav", rate=44100), ["44100 Hz", "16000"]),
    (lambda tmp: wav(tmp / "wide.wav", channels=2), ["stereo", "mono"]),
    (lambda tmp: wav(tmp / "deep.wav", width=3), ["24-bit", "16-bit"]),
    (lambda tmp: wav(tmp / "click.wav", samples=100), ["too short"]),
    (lambda tmp: wav(tmp / "nothing.wav", samples=0), ["no samples"]),
    (lambda tmp: tmp, ["folder"]),
]


@pytest.mark.parametrize(("make", "words"), RECORDINGS)
def test_recordings_for_run(make, words, tmp_path, elf, capsys):
    path = make(tmp_path)
    fail(capsys, ["run", "--elf", elf, path], path.name, *words)


@pytest.mark.parametrize(("make", "words"), RECORDINGS[:5] + RECORDINGS[5:7])
def test_recordings_for_info(make, words, tmp_path, capsys):
    path = make(tmp_path)
    fail(capsys, ["info", path], path.name, *words)


def test_run_without_a_recording(capsys):
    fail(capsys, ["run"], "no recording given")


def test_run_with_an_image_that_is_none(tmp_path, elf, capsys):
    fail(capsys, ["run", "--elf", elf, wav(tmp_path / "a.wav")], "firmware.elf")
    fail(capsys, ["run", "--elf", tmp_path / "none.elf", wav(tmp_path / "a.wav")], "no such firmware image")


def test_run_with_bad_labels(tmp_path, elf, capsys):
    labels = tmp_path / "labels.json"
    fail(capsys, ["run", "--elf", elf, wav(tmp_path / "a.wav"), "--labels", labels], "no such labels file")
    labels.write_text('[{"word": "yes", "start": 9, "end": 3}]')
    fail(capsys, ["run", "--elf", elf, wav(tmp_path / "a.wav"), "--labels", labels], "label 0")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("sede = 3", ["unknown key 'sede'", "did you mean 'seed'"]),
        ("[features]\nhop_lenght = 160", ["'features.hop_lenght'", "'features.hop_length'"]),
        ("[train]\nepochs = 'many'", ["'train.epochs'", "type int"]),
        ("[features]\nn_frames = 0", ["'features.n_frames'", "[1, 400]"]),
        ("[features\n", ["not valid TOML"]),
        ("features = 3", ["[features] must be a table"]),
    ],
)
@pytest.mark.parametrize("verb", ["train", "data", "demo"])
def test_configuration(verb, toml, words, tmp_path, capsys):
    path = tmp_path / "experiment.toml"
    path.write_text(toml)
    fail(capsys, [verb, "--config", path], "experiment.toml", *words)


@pytest.mark.parametrize("verb", ["train", "data", "demo"])
def test_missing_configuration(verb, tmp_path, capsys):
    fail(capsys, [verb, "--config", tmp_path / "none.toml"], "no such configuration file")


def test_train_without_a_configuration(capsys):
    fail(capsys, ["train"], "--config")


def test_missing_data_folder(tmp_path, capsys):
    config = tmp_path / "experiment.toml"
    config.write_text('[data]\nkind = "speech_commands"\n')
    cache = ["--cache", tmp_path / "cache"]
    fail(capsys, ["train", "--config", config, *cache], "--data")
    fail(capsys, ["train", "--config", config, *cache, "--data", tmp_path / "none"], "none")


@pytest.fixture
def run_folder(tmp_path):
    """A run folder of which only the configuration is there."""
    config = Config()
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"hash": config.hash, "config": config.to_dict()}))
    return folder


def test_empty_class(tmp_path, run_folder, capsys):
    data = tmp_path / "recordings"
    (data / "yes").mkdir(parents=True)
    wav(data / "yes" / "a.wav")
    (data / "no").mkdir()
    fail(capsys, ["evaluate", run_folder, "--data", data], "class 'no' has no wav file")


def test_folder_that_is_no_class(tmp_path, run_folder, capsys):
    data = tmp_path / "recordings"
    (data / "yess").mkdir(parents=True)
    wav(data / "yess" / "a.wav")
    fail(capsys, ["evaluate", run_folder, "--data", data], "'yess' is no class")


def test_run_folder_without_models(run_folder, tmp_path, capsys):
    recording = wav(tmp_path / "a.wav", samples=32000)
    fail(capsys, ["run", run_folder, recording], "kws-tflm convert")
    fail(capsys, ["firmware", run_folder], "kws-tflm convert")
    fail(capsys, ["parity", recording, "--run", run_folder], "kws-tflm convert")


def test_no_run_folder(tmp_path, capsys):
    fail(capsys, ["convert", tmp_path], "config.json")
    fail(capsys, ["info", tmp_path], "config.json")


def corrupt_model(tmp_path):
    path = tmp_path / "corrupt.tflite"
    path.write_bytes(struct.pack("<I4s", 28, b"TFL3") + bytes(np.random.default_rng(1).integers(0, 256, 500, np.uint8)))
    return path


def text_model(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("this is no model, it only has the suffix of one")
    return path


def empty_model(tmp_path):
    path = tmp_path / "nothing.tflite"
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("make", [corrupt_model, text_model, empty_model])
@pytest.mark.parametrize("verb", ["info", "convert", "firmware", "run", "evaluate", "parity"])
def test_models(verb, make, tmp_path, capsys):
    path = make(tmp_path)
    recording = wav(tmp_path / "a.wav", samples=32000)
    rest = {"run": [recording], "parity": []}.get(verb, [])
    arguments = ["parity", recording, "--model", path] if verb == "parity" else [verb, path, *rest]
    fail(capsys, arguments, path.name)


@pytest.mark.parametrize("verb", ["info", "convert", "firmware", "evaluate"])
def test_missing_model(verb, tmp_path, capsys):
    fail(capsys, [verb, tmp_path / "none.tflite"], "none.tflite")


def test_board_that_does_not_exist(tmp_path, capsys):
    fail(capsys, ["firmware", text_model(tmp_path), "--board", "nucleo_f767z"], "did you mean 'nucleo_f767zi'")


def test_flasher_that_does_not_exist(tmp_path, capsys):
    fail(capsys, ["flash", text_model(tmp_path), "--tool", "jlink"], "stflash, openocd, pyocd")


def test_monitor_without_a_port_or_log(tmp_path, capsys):
    fail(capsys, ["monitor", "--port", tmp_path / "ttyACM9"], "no such port")
    fail(capsys, ["monitor", "--replay", tmp_path / "none.log"], "no such file")


def test_info_on_something_else(tmp_path, capsys):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n0000")
    fail(capsys, ["info", path], "neither")
    fail(capsys, ["info", tmp_path / "none"], "no such file")


def test_unwritable_output(tmp_path, capsys, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device", "runs/x/float.npz")

    monkeypatch.setattr("kws_tflm.cli.train.run", full)
    fail(capsys, ["train", "--config", "x.toml"], "disk full", "run the same command again", code=74)


def test_recordings_of_a_run_that_have_moved(tmp_path, capsys):
    config = Config()
    raw = config.to_dict() | {"data": config.to_dict()["data"] | {"kind": "speech_commands"}}
    folder = tmp_path / "run"
    folder.mkdir()
    moved = from_dict(raw)
    (folder / "config.json").write_text(json.dumps({"hash": moved.hash, "config": raw}))
    RunFolder(folder).note_data_dir(tmp_path / "moved")
    fail(capsys, ["convert", folder, "--cache", tmp_path / "cache"], "moved")
