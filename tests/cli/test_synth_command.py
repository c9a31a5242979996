"""`synth` and `data import` as typed: what they report, and one line for everything that can go wrong."""

import errno
import json

import numpy as np
import pytest
import soundfile

from kws_tflm.cli.main import main
from kws_tflm.data import espeak, own_words

SMALL = ["--clips", "10", "--other-clips", "10"]


@pytest.fixture
def few_words(monkeypatch):
    """Three other words instead of ninety, and a little noise."""
    every = own_words.others
    monkeypatch.setattr(own_words, "_NOISE_SECONDS", 10.0)
    monkeypatch.setattr(own_words, "others", lambda request: every(request)[:3])


def fail(capsys, arguments, *words, code=2):
    assert main([str(a) for a in arguments]) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("kws-tflm:")]
    assert len(lines) == 1
    for word in words:
        assert word in lines[0], lines[0]


def test_synth_reports_what_it_made_and_goes_on_after_a_full_disk(tmp_path, few_words, capsys, monkeypatch):
    out = tmp_path / "mine"
    arguments = ["synth", "Hey board", "--out", str(out), *SMALL]
    write, written = own_words.write_wav, []

    def full(path, samples):
        if len(written) == 15:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        write(path, samples)

    monkeypatch.setattr(own_words, "write_wav", full)
    fail(capsys, arguments, "disk full", "run the same command again", code=74)
    monkeypatch.setattr(own_words, "write_wav", write)

    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "hey_board: train 7, validation 1, test 2" in text
    assert f"next: kws-tflm train --config {out / 'words.toml'} --data {out} --convert" in text
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["written"] == 0
    assert facts["words"] == {"hey_board": {"train": 7, "validation": 1, "test": 2}}
    assert set(facts["other_words"]) == {"hey", "board", "board_hey"}

    fail(capsys, [*arguments, "--seed", "2"], "another request", "seed", "--out")
    fail(capsys, [*arguments, "--neural"], "another request", "voice")
    fail(capsys, ["synth", "nox", "--out", tmp_path, *SMALL], "is not empty", "kws-tflm data import")
    assert main(["data", "--config", str(out / "words.toml"), "--data", str(out), "--cache", str(tmp_path / "c")]) == 0
    assert "_unknown_" in capsys.readouterr().out


def test_synth_with_the_neural_voice_makes_class_folders(tmp_path, few_words, capsys):
    out = tmp_path / "test"
    assert main(["synth", "nox", "--neural", "--out", str(out), *SMALL, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 20
    folders = {path.name: len(list(path.glob("*.wav"))) for path in out.iterdir() if path.is_dir()}
    assert folders == {"nox": 10, "_unknown_": 10, "_silence_": 2}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["..."], ["nothing to say"]),
        (["yes", "yes"], ["comes twice"]),
        (["yes", "--clips", "3"], ["--clips 3", "10"]),
        (["yes", "--other-clips", "0"], ["--other-clips 0"]),
        (["yes", "--seed", "-1"], ["--seed -1"]),
        (["yes", "--language", "xx"], ["no language 'xx'"]),
        (["ja", "--language", "de", "--neural"], ["English only"]),
        (["yes", "--other-words", "none.txt"], ["none.txt", "no such file"]),
        (["long=please switch all of the lights off"], ["said fast", "choose a shorter phrase"]),
    ],
)
def test_synth_refuses_in_one_line(arguments, words, tmp_path, capsys):
    fail(capsys, ["synth", *arguments, "--out", tmp_path / "out"], *words)
    assert not (tmp_path / "out").exists()


def test_synth_without_espeak(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    espeak._library.cache_clear()
    fail(capsys, ["synth", "yes", "--out", tmp_path / "out"], "espeak-ng is not usable", "pip install espeakng-loader")


def test_import_as_typed(tmp_path, capsys):
    src, dst = tmp_path / "src", tmp_path / "dst"
    rng = np.random.default_rng(1)
    for name in ("Hey Board/anna/1.wav", "Hey Board/ben/1.wav", "other/anna/1.wav"):
        (src / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(src / name, rng.normal(0, 0.1, 30000), 44100)
    assert main(["data", "import", str(src), str(dst)]) == 0
    assert "--words hey_board,..." in capsys.readouterr().out
    fail(capsys, ["data", "import", src, dst, "--words", "heyboard"], "no folder 'heyboard'", "hey_board, other")
    assert main(["data", "import", str(src), str(dst), "--words", "hey_board"]) == 0
    text = capsys.readouterr().out
    assert "0 recordings written, 3 were there" in text
    assert f"next: kws-tflm train --config {dst / 'words.toml'} --data {dst} --run runs/hey_board-3 --convert" in text

    (src / "other" / "bad.wav").write_text("not sound")
    assert main(["data", "import", str(src), str(dst), "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["there"] == 3
    assert "bad.wav: cannot be decoded" in facts["refused"][0]

    fail(capsys, ["data", "import", src, src], "folder to import from")
    fail(capsys, ["data", "import", src, tmp_path / "t", "--test-set"], "--words")
    assert main(["data", "import", str(src), str(tmp_path / "t"), "--test-set", "--words", "hey_board"]) == 1
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == ["_unknown_", "hey_board"]


def test_data_still_wants_an_experiment_file(capsys):
    fail(capsys, ["data"], "--config")
