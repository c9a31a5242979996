"""Clocks, I2S microphone and circular DMA."""

import numpy as np
import pytest
from board_results import finished, results
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.microphone import Microphone, dither

RAMP = np.arange(-300, 300, dtype=np.int16)


def listen(elf, audio=RAMP):
    board = Board(elf, audio)
    halves = []
    board.add_tap(
        lambda identifier, data, instructions: halves.append((board.virtual_seconds, np.frombuffer(data, "<i2")))
    )
    board.run(stop=lambda: finished(board), max_seconds=0.1)
    return board, halves


def test_halves_of_the_buffer_arrive_in_order_and_on_time(build):
    board, halves = listen(build("audio"))

    heard = np.concatenate([samples for _, samples in halves])
    np.testing.assert_array_equal(heard, RAMP[: len(heard)])
    assert len(halves) == 8
    gaps = np.diff([seconds for seconds, _ in halves])
    np.testing.assert_allclose(gaps, 32 / 16000, rtol=1e-3)
    count, low_bits_and_right_channel, half_flags, full_flags = results(board, 4)
    assert (count, low_bits_and_right_channel, half_flags, full_flags) == (8, 0, 1 << 4, 1 << 5)
    assert board.core_hz == 216_000_000


def test_polling_the_counter_sees_the_samples_as_they_arrive(build):
    board, _ = listen(build("audio", "-DPOLL"))

    assert np.int16(results(board, 5)[4] - 65536) == RAMP[28]


def test_a_live_source_is_asked_by_position(build):
    _, halves = listen(build("audio"), lambda first, count: np.arange(first, first + count, dtype=np.int16))

    np.testing.assert_array_equal(np.concatenate([samples for _, samples in halves]), np.arange(256))


def test_samples_before_the_dma_are_lost_and_set_the_overrun_flag(build):
    board, halves = listen(build("audio", "-DNO_DMA", "-DLATE"))

    assert results(board, 6)[5] & 1 << 6
    assert len(halves) == 8
    # As on the chip the first half-word taken may be of either channel, so the samples may be in any slot.
    buffer = np.frombuffer(board.read_memory(0x2007C000, 2 * 32 * 8), "<i2")
    samples = buffer[buffer != 0]
    assert len(samples) >= 63
    assert set(samples) <= set(RAMP)
    assert RAMP[0] not in samples


@pytest.mark.parametrize(
    "options", [["-DDCACHE", "-DMPU"], ["-DDCACHE", "-DINVALIDATE"], ["-DDCACHE", "-DBUFFER=0x20004000"]]
)
def test_coherent_buffers_are_accepted(build, options):
    _, halves = listen(build("audio", *options))

    assert len(halves) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-DDCACHE"], "DMA buffer at 0x2007c000 is cacheable and was not invalidated"),
        (["-DLATENCY=3"], "216 MHz with 3 flash wait states needs 7"),
        (["-DI2S_DIVIDER=24"], "SPI2 samples at 16666.7 Hz, but the audio source has 16000 Hz"),
        (["-DBUFFER=0x08010000"], "DMA buffer 0x08010000 .* is not in DTCM or SRAM"),
    ],
)
def test_mistakes_are_named(build, options, message):
    with pytest.raises(BoardError, match=message):
        listen(build("audio", *options))


def test_without_dma_nothing_arrives(build):
    board, halves = listen(build("audio", "-DNO_DMA"))

    assert halves == []
    assert not finished(board)


def test_pacing_keeps_to_real_time(build):
    board = Board(build("audio"), RAMP, paced=True)

    result = board.run(stop=lambda: finished(board), max_seconds=0.1)

    assert result.wall_seconds >= result.virtual_seconds - 0.002


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 500), st.integers(0, 400))
def test_recording_is_followed_by_dither_of_one_bit(first, count, length):
    microphone = Microphone(np.full(length, 1000, np.int16))

    samples = np.frombuffer(microphone.read(first, count), "<i2")

    inside = np.arange(first, first + count) < length
    assert np.all(samples[inside] == 1000)
    assert np.all(np.abs(samples[~inside]) <= 1)
    np.testing.assert_array_equal(dither(first, count), dither(0, first + count)[first:])


def test_dither_is_not_constant():
    assert set(np.unique(dither(0, 100))) == {-1, 0, 1}
