"""USART3: polled and by interrupt, baud timing, both directions, wrong set-up."""

import pytest
from board_results import results

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board


def start(build, *options):
    board = Board(build("uart", *options))
    output = bytearray()
    board.on_serial = output.extend
    return board, output


def test_transmits_at_the_baud_rate(build):
    board, output = start(build)
    times = []
    board.on_serial = lambda data: (output.extend(data), times.append(board.virtual_seconds))

    board.run(max_seconds=0.01)

    assert bytes(output) == b"hi\n"
    byte_seconds = 10 * 139 / 16e6
    assert times[2] - times[0] == pytest.approx(2 * byte_seconds, rel=0.01)


def test_received_bytes_interrupt_and_come_back(build):
    board, output = start(build)
    board.run(stop=lambda: output.endswith(b"\n"), max_seconds=0.01)

    board.send(b"HAL\xff")
    board.run(stop=lambda: len(output) == 7, max_seconds=0.01)

    assert bytes(output[3:]) == b"IBM\x00"
    assert results(board, 2) == [4, 0]


def test_unread_bytes_are_lost(build):
    board, _ = start(build, "-DDEAF")
    board.run(max_seconds=0.002)

    board.send(b"abc")
    board.run(max_seconds=0.01)

    assert board.lost_input == 2  # the first one waits in the receiver


def test_wrong_baud_rate_is_an_error(build):
    board, _ = start(build, "-DDIVIDER=160")

    with pytest.raises(
        BoardError, match="USART3 runs at 100000 baud from its 16 MHz clock, but the console uses 115200"
    ):
        board.run(max_seconds=0.01)


def test_pin_in_the_wrong_mode_is_an_error(build):
    board, _ = start(build, "-DNO_PIN")

    with pytest.raises(BoardError, match="USART3_TX is not connected: set PD8"):
        board.run(max_seconds=0.01)


def test_port_without_clock_is_an_error(build):
    board, _ = start(build, "-DNO_CLOCK")

    with pytest.raises(BoardError, match="GPIOD_MODER while the clock of GPIOD is off"):
        board.run(max_seconds=0.01)


def test_poll_is_called_every_millisecond(build):
    board, output = start(build)
    calls = []

    def poll():
        calls.append(board.virtual_seconds)
        if len(calls) == 5:
            board.send(b"x")

    board.on_poll = poll
    board.run(max_seconds=0.0205)

    assert len(calls) == 20
    assert bytes(output) == b"hi\ny"
