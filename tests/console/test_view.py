"""The live view: lines for people, JSON for programs, the summary."""

import io
import json

import pytest

from kws_tflm.console.protocol import encode
from kws_tflm.console.view import ConsoleView

STREAM = b"".join(
    [
        encode("ready", {}),
        encode("det", {"word": "yes", "score": "0.913", "sample": 32000, "cycles": 4201337}),
        b"\x00\xffnoise\n",
        encode("err", {"code": "E12", "msg": "overrun"}),
        encode("det", {"word": "yes", "score": "0.800", "sample": 64000, "cycles": 4201337}),
    ]
)


def show(data, **options):
    out = io.StringIO()
    view = ConsoleView(out, **options)
    view.feed(data)
    view.finish()
    return out.getvalue().splitlines(), view


def test_lines_for_people():
    lines, _ = show(STREAM)
    assert lines[1].split() == ["2.00", "s", "yes", "0.913", "4201337", "cycles"]
    assert "E12: overrun" in lines[3]
    assert lines[-1] == "-- 2 detections (yes 2), board errors E12 x1, 1 unreadable lines"


def test_the_keyword_stands_out_in_colour():
    lines, _ = show(STREAM, colour=True)
    assert "\x1b[1;32myes\x1b[0m" in lines[1]


def test_no_control_bytes_reach_the_terminal():
    lines, _ = show(b"\x1b[2J\x07\x00bad\n")
    assert lines[0].isprintable()


def test_json_is_one_object_a_line_and_a_summary():
    lines, _ = show(STREAM, as_json=True)
    events = [json.loads(line) for line in lines]
    assert [e["event"] for e in events] == ["ready", "det", "unparsed", "err", "det", "summary"]
    assert events[1] == {"event": "det", "word": "yes", "score": 0.913, "sample": 32000, "cycles": 4201337}
    assert events[-1]["words"] == {"yes": 2}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_half_line_at_the_end_is_reported(as_json):
    lines, view = show(b"KWS1 det word=y", as_json=as_json)
    assert view.unparsed == 1
    assert "incomplete" in lines[0]


def test_a_profile_is_a_table():
    out = io.StringIO()
    view = ConsoleView(out, colour=False)
    for index, (name, cycles) in enumerate((("CONV_2D", 750), ("KWS_SPARSE_CONV_2D", 200))):
        fields = {"index": index, "operators": 2, "name": name, "cycles": cycles, "total": 1000}
        view.feed(encode("prof", fields))
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["#", "operator", "cycles", "share"]
    assert lines[2].split() == ["0", "CONV_2D", "750", "75.0%"]
    assert lines[3].split() == ["1", "SPARSE_CONV_2D", "200", "20.0%"]
    assert lines[4].split() == ["total", "1,000"]


def test_a_profile_line_beyond_its_operators_is_unparsed():
    view = ConsoleView(io.StringIO())
    view.feed(encode("prof", {"index": 2, "operators": 2, "name": "CONV_2D", "cycles": 1, "total": 1}))
    assert view.unparsed == 1
