"""`kws-tflm run` with a stand-in for the virtual board: what it prints, scores and refuses."""

import json
import threading

import numpy as np
import pytest
from fake_board import make_board

from kws_tflm.cli.main import main
from kws_tflm.data import write_wav

DETECTIONS = (("yes", 913, 16000), ("no", 750, 40000))


@pytest.fixture
def elf(tmp_path):
    path = tmp_path / "firmware.elf"
    path.write_bytes(b"\x7fELF")
    return str(path)


@pytest.fixture
def audio(tmp_path):
    path = tmp_path / "speech.wav"
    write_wav(path, np.random.default_rng(1).integers(-900, 900, 48000).astype(np.int16))
    return str(path)


def use(monkeypatch, board):
    monkeypatch.setattr("kws_tflm.virtual_board.Board", board)


def test_json_is_one_line_a_detection_and_the_totals(monkeypatch, elf, audio, capsys):
    use(monkeypatch, make_board(DETECTIONS))
    assert main(["run", "--elf", elf, audio, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[:-1] == [
        {"word": "yes", "score": 0.913, "sample": 16000},
        {"word": "no", "score": 0.75, "sample": 40000},
    ]
    assert lines[-1]["detections"] == 2
    assert lines[-1]["inferences"] == 2
    assert lines[-1]["overruns"] == 0
    assert lines[-1]["seconds"] == 3.0
    assert lines[-1]["instructions"] > 0


def test_text_shows_the_console_and_the_totals(monkeypatch, elf, audio, capsys):
    use(monkeypatch, make_board(DETECTIONS))
    assert main(["run", "--elf", elf, "--audio", audio]) == 0
    out = capsys.readouterr().out
    assert "boot: firmware" in out
    assert "2 detections in 3.0 s of sound" in out
    assert "--timing" in out, "the cycles shown are instructions, and the user is told"


def test_labels_are_scored_and_drawn(monkeypatch, elf, audio, tmp_path, capsys):
    use(monkeypatch, make_board(DETECTIONS))
    labels = tmp_path / "labels.json"
    labels.write_text(
        json.dumps(
            [
                {"word": "yes", "start": 8000, "end": 15000},
                {"word": "yes", "start": 30000, "end": 36000},
                {"word": "marvin", "start": 40000, "end": 44000},
            ]
        )
    )
    plot = tmp_path / "plot.png"
    assert main(["run", "--elf", elf, audio, "--labels", str(labels), "--timeline", str(plot), "--json"]) == 0
    totals = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert totals["labels"] == {"said": 2, "heard": 1, "missed": 1, "false": 1}
    assert plot.stat().st_size > 0


def test_firmware_that_gives_up_is_one_line(monkeypatch, elf, audio, capsys):
    use(monkeypatch, make_board(error=("E04", "arena too small: need 5000, have 4000")))
    assert main(["run", "--elf", elf, audio, "--json"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "E04: arena too small" in error


def test_a_fault_is_one_line(monkeypatch, elf, audio, capsys):
    use(monkeypatch, make_board(fault="bus fault: read of 0x60000000 at main+4"))
    assert main(["run", "--elf", elf, audio]) == 2
    assert "bus fault: read of 0x60000000 at main+4" in capsys.readouterr().err


def test_firmware_that_says_nothing_is_one_line(monkeypatch, elf, audio, capsys):
    use(monkeypatch, make_board(boots=False))
    assert main(["run", "--elf", elf, audio]) == 2
    assert "nothing on its console" in capsys.readouterr().err


def test_console_as_a_pseudo_terminal(monkeypatch, elf, audio, capsys):
    """`run --pty` waits for a reader; `monitor` on the port that it names sees the detections."""
    use(monkeypatch, make_board(DETECTIONS))
    ports = []
    opened = threading.Event()

    from kws_tflm.console.pty import PtyPort

    class KnownPort(PtyPort):
        def __init__(self):
            super().__init__()
            ports.append(self)
            opened.set()

    monkeypatch.setattr("kws_tflm.cli.session.PtyPort", KnownPort)
    codes = []
    runner = threading.Thread(target=lambda: codes.append(main(["run", "--elf", elf, audio, "--pty", "--json"])))
    runner.start()
    assert opened.wait(10)
    assert main(["monitor", "--port", ports[0].path, "--duration", "2", "--json"]) in (0, 2)
    runner.join(20)
    assert codes == [0]
    words = [e.get("word") for e in map(json.loads, capsys.readouterr().out.splitlines()) if e.get("event") == "det"]
    assert words == ["yes", "no"]
    ports[0].close()
