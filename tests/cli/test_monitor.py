"""`kws-tflm monitor` on a pseudo-terminal, on a log and on a port that goes away."""

import json
import threading
import time

import pytest

from kws_tflm.cli.main import main
from kws_tflm.console.protocol import encode
from kws_tflm.console.pty import PtyPort

DETECTION = encode("det", {"word": "yes", "score": "0.913", "sample": 32000, "cycles": 4201337})


@pytest.fixture
def port():
    pty_port = PtyPort()
    yield pty_port
    pty_port.close()


def test_replays_a_log(tmp_path, capsys):
    log = tmp_path / "console.log"
    log.write_bytes(b"\xffgarbage\n" + DETECTION + DETECTION[:10])
    assert main(["monitor", "--replay", str(log)]) == 0
    out = capsys.readouterr().out
    assert "yes" in out
    assert "1 detections (yes 1), 2 unreadable lines" in out


def test_json_lines(tmp_path, capsys):
    log = tmp_path / "console.log"
    log.write_bytes(DETECTION)
    assert main(["monitor", "--replay", str(log), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["event"] for e in events] == ["det", "summary"]


def test_follows_a_port_sends_commands_and_keeps_a_log(port, tmp_path, capsys):
    received = []

    def board():
        port.wait_attached(5)
        while not (command := port.read()):
            time.sleep(0.01)
        received.append(command)
        port.write(DETECTION)

    thread = threading.Thread(target=board)
    thread.start()
    log = tmp_path / "raw.log"
    arguments = ["monitor", "--port", port.path, "--send", "stats", "--duration", "1", "--log", str(log), "--json"]
    assert main(arguments) == 0
    thread.join()
    assert received == [b"stats\n"]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["word"] == "yes"
    assert log.read_bytes() == DETECTION


def test_a_port_that_disappears_loses_nothing(port, capsys):
    def board():
        port.wait_attached(5)
        port.write(DETECTION)
        port.drain()
        port.close()

    thread = threading.Thread(target=board)
    thread.start()
    assert main(["monitor", "--port", port.path]) == 2
    thread.join()
    captured = capsys.readouterr()
    assert "1 detections (yes 1)" in captured.out
    assert captured.err.count("\n") == 1
    assert "disappeared" in captured.err
