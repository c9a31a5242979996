"""The bar that a training draws on a terminal."""

from __future__ import annotations

import io

import pytest

from kws_tflm.train.progress_bar import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds, as tqdm reads them."""
    now = [100.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def shown(out: io.StringIO) -> list[str]:
    """What was in the bar's line, one after the other."""
    return [line.strip() for line in out.getvalue().replace("\n", "\r").split("\r") if line.strip()]


def test_a_file_gets_lines_only() -> None:
    out = io.StringIO()
    bar = ProgressBar(out)
    bar.tick("float", 4, 0.5)
    bar.say("float 1/4")
    bar.tick("float", 4, 4.0)
    assert out.getvalue() == "float 1/4\n"


def test_a_terminal_gets_position_and_time_left_below_the_lines(clock: list[float]) -> None:
    out = Terminal()
    bar = ProgressBar(out)
    for step in range(1, 8):
        clock[0] += 30.0
        bar.tick("float", 4, step / 4)
    bar.say("float 1/4  loss 2.0")
    *_, before, line, after = shown(out)
    assert before.startswith("float |#############")
    assert before.endswith("1.75 of 4 epochs, 04:30 left")  # 2.25 epochs of 120 s
    assert line == "float 1/4  loss 2.0"
    assert after == before


def test_a_new_phase_has_a_pace_of_its_own(clock: list[float]) -> None:
    out = Terminal()
    bar = ProgressBar(out)
    for phase, pace in (("float", 1.0), ("qat", 100.0)):
        for step in range(1, 4):
            clock[0] += pace
            bar.tick(phase, 10, step / 2)
    assert shown(out)[-1].endswith("28:20 left")  # 8.5 epochs of 200 s


def test_a_finished_phase_leaves_the_line_empty(clock: list[float]) -> None:
    out = Terminal()
    bar = ProgressBar(out)
    for step in (1, 2):
        clock[0] += 10.0
        bar.tick("qat", 2, float(step))
    assert out.getvalue().rsplit("\r", 2)[-2].strip() == ""
