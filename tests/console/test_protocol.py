"""The line parser against valid lines, cut lines and garbage."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.console.protocol import (
    MAX_LINE_BYTES,
    BoardErrorLine,
    Boot,
    Detection,
    LineParser,
    Ok,
    Ready,
    Stats,
    Unparsed,
    encode,
    parse_line,
)

DETECTION = encode("det", {"word": "yes", "score": "0.913", "sample": 32512, "cycles": 4201337})
STATS_KEYS = [
    "samples", "hops", "inferences", "detections", "overruns", "rx_dropped", "tx_dropped", "feat_cycles_avg",
    "feat_cycles_max", "infer_cycles_avg", "infer_cycles_max", "load_permille", "uptime_ms",
]  # fmt: skip
BOOT_FIELDS = {
    "fw": "0.1.0", "board": "nucleo_f767zi", "config": "0123456789ab", "model": "demo sparse", "model_bytes": 51234,
    "arena_used": 30000, "arena_size": 32768, "clock": 216000000, "labels": "yes,no,_silence_,_unknown_",
    "hop": 320, "hops_per_inference": 8,
}  # fmt: skip

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
detections = st.builds(
    lambda word, milli, sample, cycles: encode(
        "det", {"word": word, "score": f"{milli / 1000:.3f}", "sample": sample, "cycles": cycles}
    ),
    words,
    st.integers(0, 1000),
    st.integers(0, 2**40),
    st.integers(0, 2**32 - 1),
)
errors = st.builds(lambda message: encode("err", {"code": "E12", "msg": message}), words)
lines = st.one_of(detections, errors, st.just(encode("ready", {})))
garbage = st.one_of(st.binary(max_size=60), st.just(b"KWS1 det word="), st.just(b"\xff\xfe\x00KWS1 "))


def parse_all(data: bytes) -> list:
    parser = LineParser()
    return parser.feed(data) + parser.close()


def test_reads_a_detection():
    assert parse_all(DETECTION) == [Detection("yes", 0.913, 32512, 4201337)]


def test_checksum_is_the_xor_of_the_bytes_before_it():
    assert parse_line(b"KWS1 ready *%02X" % _xor(b"KWS1 ready")) == Ready()


def test_reads_the_banner_with_a_quoted_model_name():
    (boot,) = parse_all(encode("boot", BOOT_FIELDS))
    assert isinstance(boot, Boot)
    assert (boot.model, boot.arena_size, boot.labels[-1]) == ("demo sparse", 32768, "_unknown_")


def test_reads_statistics_and_keeps_keys_of_later_firmware():
    fields = {key: i for i, key in enumerate(STATS_KEYS)} | {"temperature": 31}
    (stats,) = parse_all(encode("stats", fields))
    assert isinstance(stats, Stats)
    assert (stats.samples, stats.uptime_ms, stats.extra) == (0, 12, {"temperature": "31"})


def test_reads_an_error_with_escapes():
    (event,) = parse_all(encode("err", {"code": "E03", "msg": 'no operator "MUL" in C:\\x'}))
    assert event == BoardErrorLine("E03", 'no operator "MUL" in C:\\x')


def test_reads_ok():
    assert parse_all(encode("ok", {"threshold": "0.750"})) == [Ok("ok", {"threshold": "0.750"})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"hello", "not a KWS line"),
        (encode("det", {"word": "yes"}, version=2), "protocol version 2, .*update"),
        (DETECTION[:20], "incomplete"),
        (DETECTION.replace(b"yes", b"yep"), "checksum"),
        (encode("det", {"word": "yes", "score": "high", "sample": 1, "cycles": 1}), "'score' is not a number"),
        (encode("det", {"word": "yes", "score": "0.5", "sample": "1e3", "cycles": 1}), "'sample' is not a whole"),
        (encode("det", {"word": "yes", "score": "0.5", "cycles": 1}), "'sample' is missing"),
        (encode("song", {"a": 1}), "unknown line type 'song'"),
    ],
)
def test_says_why_a_line_is_not_valid(line, reason):
    (event,) = parse_all(line)
    assert isinstance(event, Unparsed)
    assert re.search(reason, event.reason)


def test_invalid_utf8_under_a_right_checksum():
    body = b"KWS1 err code=E01 msg=\xff\xfe"
    (event,) = parse_all(body + b" *%02X\r\n" % _xor(body))
    assert isinstance(event, Unparsed)
    assert event.reason == "not UTF-8"


def test_reset_in_the_middle_of_a_line_keeps_the_banner():
    half, event = parse_all(DETECTION[:15] + encode("ready", {}))
    assert half == Unparsed(DETECTION[:15], "half a line, then a whole one")
    assert event == Ready()


def test_over_long_line_is_bounded_and_the_next_line_is_read():
    events = parse_all(b"x" * (10 * MAX_LINE_BYTES) + b"\n" + DETECTION)
    assert isinstance(events[0], Unparsed)
    assert len(events[0].raw) == MAX_LINE_BYTES
    assert isinstance(events[1], Detection)


@given(
    st.lists(st.one_of(lines, garbage, garbage.map(lambda g: g + b"\n"), st.just(b"y" * 1500)), max_size=8), st.data()
)
def test_any_chunking_gives_the_same_events(pieces, data):
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    parser = LineParser()
    events = [e for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for e in parser.feed(stream[a:b])]
    assert events + parser.close() == parse_all(stream)


@given(st.lists(st.tuples(garbage, lines), max_size=6))
def test_garbage_never_loses_a_valid_line_after_the_next_newline(pairs):
    expected = [event for _, line in pairs for event in parse_all(line)]
    events = parse_all(b"".join(junk + b"\n" + line for junk, line in pairs))
    kept = [e for e in events if not isinstance(e, Unparsed)]
    assert not any(isinstance(e, Unparsed) for e in expected)
    assert [e for e in kept if e in expected] == expected


@given(st.binary(max_size=3000))
def test_no_bytes_raise(data):
    for event in parse_all(data):
        assert not isinstance(event, Unparsed) or len(event.raw) <= MAX_LINE_BYTES


def _xor(body: bytes) -> int:
    value = 0
    for byte in body:
        value ^= byte
    return value
