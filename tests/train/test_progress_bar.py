"""The bar that a training draws on a terminal."""

from __future__ import annotations

import io
import re

import pytest

from kws_tflm.train.progress_bar import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_lines_only() -> None:
    out = io.StringIO()
    bar = ProgressBar(out)
    bar.tick("float", 4, 0.5)
    bar.say("float 1/4")
    assert out.getvalue() == "float 1/4\n"


def test_a_terminal_gets_position_and_time_left_below_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    out = Terminal()
    bar = ProgressBar(out)
    for step in range(1, 8):
        now[0] += 30.0
        bar.tick("float", 4, step / 4)
    bar.say("float 1/4  loss 2.0")
    last = re.split(r"\r\x1b\[K", out.getvalue())
    assert last[-2].startswith("float [#############")
    assert "epoch 2/4, 75%" in last[-2]
    assert last[-2].endswith("4:30 left")  # 2.25 epochs of 120 s
    assert last[-1] == "float 1/4  loss 2.0\n"


def test_a_new_phase_has_a_pace_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    out = Terminal()
    bar = ProgressBar(out)
    for phase, pace in (("float", 1.0), ("qat", 100.0)):
        for step in range(1, 4):
            now[0] += pace
            bar.tick(phase, 10, step / 2)
    assert out.getvalue().endswith("28:20 left")  # 8.5 epochs of 200 s
