"""The firmware's lines against the project's own parser, and its command parser."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.console.protocol import BoardErrorLine, Boot, Detection, LineParser, Ok, Stats, checksum, parse_line

KINDS = ("none", "stats", "reset", "threshold", "help", "version", "profile", "unknown", "bad_argument")
TEXTS = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=40)


class DetectionStruct(ctypes.Structure):
    _fields_ = (("sample", ctypes.c_uint64), ("label", ctypes.c_uint32), ("permille", ctypes.c_uint32))


class BootInfo(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("firmware", "board", "config", "model")),
        *((name, ctypes.c_uint32) for name in ("model_bytes", "arena_used", "arena_size", "clock_hz")),
        ("labels", ctypes.POINTER(ctypes.c_char_p)),
        ("n_labels", ctypes.c_size_t),
        ("hop_length", ctypes.c_uint32),
        ("hops_per_inference", ctypes.c_uint32),
    )


STATISTICS = (
    *("hops", "inferences", "detections", "overruns", "rx_dropped", "tx_dropped", "feat_cycles_avg"),
    *("feat_cycles_max", "infer_cycles_avg", "infer_cycles_max", "load_permille", "uptime_ms", "audio_errors"),
)


class Statistics(ctypes.Structure):
    _fields_ = (("samples", ctypes.c_uint64), *((name, ctypes.c_uint32) for name in STATISTICS))


def write_line(core, capacity=1024, kind="ok", text="", number=0, permille=0, hexadecimal=0, words=()):
    buffer = ctypes.create_string_buffer(b"\xee" * (capacity + 1), capacity + 1)
    array = (ctypes.c_char_p * max(1, len(words)))(*(word.encode() for word in words))
    length = core.write_line(
        buffer, capacity, kind.encode(), text.encode(), number, permille, hexadecimal, array, len(words)
    )
    assert buffer.raw[capacity] == 0xEE  # never past the end
    return buffer.raw[:length]


def command(core, line: bytes):
    permille = ctypes.c_uint32()
    kind = core.parse_command(line, len(line), ctypes.byref(permille))
    return KINDS[kind], permille.value


@given(
    text=TEXTS,
    number=st.integers(0, 2**64 - 1),
    permille=st.integers(0, 99999),
    hexadecimal=st.integers(0, 2**32 - 1),
    words=st.lists(TEXTS, max_size=5),
)
def test_every_line_is_read_back(core, text, number, permille, hexadecimal, words):
    line = write_line(core, 4096, "ok", text, number, permille, hexadecimal, words)

    event = parse_line(line.removesuffix(b"\r\n"))

    def printable(value):
        return "".join(c if " " <= c <= "~" else "?" for c in value)

    assert isinstance(event, Ok)
    assert event.extra == {
        "text": printable(text),
        "number": str(number),
        "permille": f"{permille // 1000}.{permille % 1000:03d}",
        "hex": f"0x{hexadecimal:08X}",
        "list": ",".join(map(printable, words)),
    }


def test_checksum_covers_everything_before_it(core):
    line = write_line(core, text="a b")

    body, digits = line.removesuffix(b"\r\n").rsplit(b" *", 1)
    assert body.startswith(b"KWS1 ok text=")
    assert int(digits, 16) == checksum(body)


def test_a_line_that_does_not_fit_is_given_up_whole(core):
    full = write_line(core, text="hello")

    for capacity in range(len(full)):
        assert write_line(core, capacity, text="hello") == b""
    assert write_line(core, len(full), text="hello") == full


def test_boot_line(core):
    labels = (ctypes.c_char_p * 3)(b"yes", b"no", b"_silence_")
    info = BootInfo(b"0.1.0", b"nucleo", b"abc", b"m-1", 4, 5, 6, 216000000, labels, 3, 320, 8)
    buffer = ctypes.create_string_buffer(1024)

    length = core.format_boot(ctypes.byref(info), buffer, 1024)

    expected = Boot("0.1.0", "nucleo", "abc", "m-1", 4, 5, 6, 216000000, ("yes", "no", "_silence_"), 320, 8)
    assert parse_line(buffer.raw[: length - 2]) == expected


def test_detection_line(core):
    buffer = ctypes.create_string_buffer(256)

    length = core.format_detection(ctypes.byref(DetectionStruct(2**33, 1, 875)), b"stop", 27000000, buffer, 256)

    assert parse_line(buffer.raw[: length - 2]) == Detection("stop", 0.875, 2**33, 27000000)


def test_statistics_line(core):
    values = {name: i + 1 for i, name in enumerate(STATISTICS)}
    buffer = ctypes.create_string_buffer(512)

    length = core.format_statistics(ctypes.byref(Statistics(samples=2**40, **values)), buffer, 512)

    extra = {"audio_errors": str(values.pop("audio_errors"))}
    assert parse_line(buffer.raw[: length - 2]) == Stats(samples=2**40, **values, extra=extra)


def test_error_line_with_quotes(core):
    buffer = ctypes.create_string_buffer(256)

    length = core.format_error(b"E01", b'it says "no" \\ never', buffer, 256)

    assert parse_line(buffer.raw[: length - 2]) == BoardErrorLine("E01", 'it says "no" \\ never')


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", ("none", 0)),
        (b" \t ", ("none", 0)),
        (b"stats", ("stats", 0)),
        (b"  reset ", ("reset", 0)),
        (b"help", ("help", 0)),
        (b"version", ("version", 0)),
        (b"profile", ("profile", 0)),
        (b"profile 3", ("bad_argument", 0)),
        (b"Stats", ("unknown", 0)),
        (b"stat", ("unknown", 0)),
        (b"statss", ("unknown", 0)),
        (b"\xff\x00stats", ("unknown", 0)),
        (b"stats now", ("bad_argument", 0)),
        (b"threshold 0.75", ("threshold", 750)),
        (b"threshold .5", ("threshold", 500)),
        (b"threshold 1", ("threshold", 1000)),
        (b"threshold 1.000", ("threshold", 1000)),
        (b"threshold 0.12399", ("threshold", 123)),
        (b"threshold", ("bad_argument", 0)),
        (b"threshold 0", ("bad_argument", 0)),
        (b"threshold 0.0001", ("bad_argument", 0)),
        (b"threshold 1.001", ("bad_argument", 0)),
        (b"threshold 99999999999999999999", ("bad_argument", 0)),
        (b"threshold -0.5", ("bad_argument", 0)),
        (b"threshold 0.5x", ("bad_argument", 0)),
        (b"threshold .", ("bad_argument", 0)),
        (b"threshold 0.5 0.6", ("bad_argument", 0)),
    ],
)
def test_commands(core, line, expected):
    assert command(core, line) == expected


@given(line=st.binary(max_size=80))
def test_any_bytes_are_some_command(core, line):
    kind, permille = command(core, line)

    assert (1 <= permille <= 1000) if kind == "threshold" else permille == 0


@given(noise=st.binary(max_size=200))
def test_a_command_after_garbage_and_a_line_end_is_heard(core, noise):
    reader = core.reader_new()

    kinds = [core.reader_push(reader, bytes((c,))) for c in noise + b"\nstats\r\n"]

    core.reader_free(reader)
    assert KINDS[kinds[-2]] == "stats"
    assert kinds[-1] == -1  # the \n after \r is an empty line


def test_a_long_line_is_unknown_as_a_whole(core):
    reader = core.reader_new()

    kinds = {core.reader_push(reader, bytes((c,))) for c in b"x" * 100 + b" stats"}

    assert kinds == {-1}
    assert KINDS[core.reader_push(reader, b"\n")] == "unknown"
    core.reader_free(reader)


def test_a_stream_of_lines_survives_chunking(core):
    stream = b"".join(write_line(core, number=n) for n in range(20))
    parser = LineParser()

    events = [event for i in range(0, len(stream), 7) for event in parser.feed(stream[i : i + 7])]

    assert [event.extra["number"] for event in events] == [str(n) for n in range(20)]
