"""Watchdog and software resets: reported, flagged in RCC_CSR, and the firmware starts again."""

import pytest
from board_results import finished, results

from kws_tflm.virtual_board import Board


@pytest.mark.parametrize(("options", "reason", "flag"), [([], "watchdog", 0x20), (["-DSOFTWARE"], "software", 0x10)])
def test_reset_is_reported_and_flagged(build, options, reason, flag):
    board = Board(build("watchdog", *options))

    result = board.run(stop=lambda: finished(board), max_seconds=1)

    assert result.reason == "stop"
    assert [reset.reason for reset in board.resets] == [reason]
    assert board.resets[0].where.startswith("main+")
    boots, flags = results(board, 2)  # RAM survives the reset
    assert boots == 2
    assert flags & flag


def test_watchdog_waits_for_its_time(build):
    board = Board(build("watchdog"))
    board.run(stop=lambda: bool(board.resets), max_seconds=1)

    # Five refreshes of a 10 ms watchdog, then nothing.
    assert board.resets[0].seconds > 0.010
    assert results(board, 3)[2] == 0
