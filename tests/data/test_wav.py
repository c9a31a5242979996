"""wav reader and writer: what is accepted, and the one-line error of everything else."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.data.wav import decode_wav, fit_length, read_wav, write_wav
from kws_tflm.errors import AudioError


def wav_bytes(samples=(1, -2, 3), rate=16000, channels=1, bits=16, encoding=1, data_size=None, extra=b""):
    body = np.asarray(samples, "<i2").tobytes()
    block = channels * bits // 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, encoding, channels, rate, rate * block, block, bits)
    data = struct.pack("<4sI", b"data", len(body) if data_size is None else data_size) + body
    content = fmt + extra + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(content), b"WAVE") + content


def decode_or_none(raw):
    """The samples, or None after a one-line AudioError; any other exception is a failure."""
    try:
        return decode_wav(raw, "a.wav")
    except AudioError as error:
        if "\n" in str(error):
            raise
        return None


def test_written_samples_are_read_back(tmp_path):
    samples = np.random.default_rng(1).integers(-32768, 32768, 5000).astype(np.int16)
    write_wav(tmp_path / "sub" / "a.wav", samples)
    np.testing.assert_array_equal(read_wav(tmp_path / "sub" / "a.wav"), samples)
    assert [p.name for p in (tmp_path / "sub").iterdir()] == ["a.wav"]


def test_unknown_chunks_are_skipped_with_their_padding():
    extra = struct.pack("<4sI", b"LIST", 3) + b"abc\0"
    np.testing.assert_array_equal(decode_wav(wav_bytes((7, 8), extra=extra), "a.wav"), [7, 8])


def test_extensible_pcm_is_accepted():
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 40, 0xFFFE, 1, 16000, 32000, 2, 16)
    fmt += struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
    content = fmt + struct.pack("<4sI", b"data", 2) + b"\x05\x00"
    raw = struct.pack("<4sI4s", b"RIFF", 4 + len(content), b"WAVE") + content
    np.testing.assert_array_equal(decode_wav(raw, "a.wav"), [5])


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", ["empty"]),
        (b"ID3\x03" + bytes(100), ["not a wav", "sox"]),
        (wav_bytes(rate=44100), ["44100 Hz", "16000 Hz mono 16-bit", "sox", "-r 16000"]),
        (wav_bytes(channels=2), ["stereo", "-c 1"]),
        (wav_bytes(channels=6), ["6 channels"]),
        (wav_bytes(bits=24), ["24-bit"]),
        (wav_bytes(encoding=3, bits=32), ["floating point"]),
        (wav_bytes(rate=8000, channels=2, bits=8), ["8000 Hz", "stereo", "8-bit"]),
        (wav_bytes(data_size=32000), ["truncated", "32000", "only 6"]),
        (wav_bytes(samples=()), ["no samples"]),
        (wav_bytes()[:20], ["truncated"]),
        (wav_bytes()[:36], ["no samples"]),
    ],
)
def test_unusable_file_gets_one_line_that_says_why(tmp_path, raw, words):
    path = tmp_path / "bad.wav"
    path.write_bytes(raw)
    with pytest.raises(AudioError) as error:
        read_wav(path)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    for word in words:
        assert word in message


def test_missing_file_folder_and_too_short(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        read_wav(tmp_path / "nothing.wav")
    with pytest.raises(AudioError, match="is a folder"):
        read_wav(tmp_path)
    write_wav(tmp_path / "short.wav", np.ones(100, np.int16))
    with pytest.raises(AudioError, match="too short: 100 samples"):
        read_wav(tmp_path / "short.wav", min_samples=512)


def test_fit_length_pads_and_cuts():
    np.testing.assert_array_equal(fit_length(np.array([1, 2], np.int16), 4), [1, 2, 0, 0])
    np.testing.assert_array_equal(fit_length(np.array([1, 2, 3], np.int16), 2), [1, 2])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_corrupt_bytes_give_samples_or_an_audio_error(data):
    raw = bytearray(wav_bytes(range(40), extra=struct.pack("<4sI", b"LIST", 4) + b"abcd"))
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=6)
    ):
        raw[position] = value
    raw = bytes(raw[: data.draw(st.integers(0, len(raw)))]) + data.draw(st.binary(max_size=20))
    samples = decode_or_none(raw)
    assert samples is None or (samples.dtype == np.int16 and 0 < len(samples) <= len(raw) // 2)


def test_unprintable_chunk_name_stays_on_one_line():
    raw = b"RIFF\x00\x00\x00\x00WAVE" + b"a\n\xffb" + struct.pack("<I", 99)
    with pytest.raises(AudioError, match=r"99 bytes of 'a\\x0a\\xffb' chunk") as error:
        decode_wav(raw, "a.wav")
    assert "\n" not in str(error.value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_a_riff_header(tail):
    samples = decode_or_none(b"RIFF\x00\x00\x00\x00WAVE" + tail)
    assert samples is None or len(samples) > 0
