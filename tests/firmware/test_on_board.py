"""The image on the virtual board: boots, hears what the host hears, answers, and says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from kws_tflm.config import from_dict
from kws_tflm.console.protocol import BoardErrorLine, Boot, Detection, LineParser, Ok, OperatorCycles, Ready, Stats
from kws_tflm.convert import inspect
from kws_tflm.convert.model import parse, serialize
from kws_tflm.firmware import build, measure
from kws_tflm.runtime import Spotter
from kws_tflm.virtual_board import Board

from .conftest import OUT

pytestmark = pytest.mark.slow


class Session:
    """A board with its console read and its taps recorded."""

    def __init__(self, elf, audio=None):
        self.board, self.events, self.taps = Board(elf, audio), [], {}
        parser = LineParser()
        self.board.on_serial = lambda data: self.events.extend(parser.feed(data))
        self.board.add_tap(lambda number, data, instructions: self.taps.setdefault(number, []).append(data))

    def run(self, seconds):
        self.result = self.board.run(max_seconds=seconds)
        return self

    def ask(self, command: bytes):
        """The first event after a command."""
        before = len(self.events)
        self.board.send(command + b"\n")
        self.board.run(stop=lambda: len(self.events) > before, max_seconds=1.0)
        return self.events[before]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def tampered(elf, tmp_path, old: bytes, new: bytes):
    """A copy of the image with some bytes replaced."""
    data = elf.read_bytes()
    assert data.count(old) == 1
    assert len(old) == len(new)
    path = tmp_path / "tampered.elf"
    path.write_bytes(data.replace(old, new))
    return path


def test_banner(tiny_firmware):
    session = Session(tiny_firmware.image.elf).run(0.2)

    banner, ready = session.events
    assert isinstance(banner, Boot)
    assert banner.board == "nucleo_f767zi"
    assert banner.config == tiny_firmware.config.hash
    assert banner.model == tiny_firmware.image.model
    assert banner.model_bytes == len(tiny_firmware.model)
    assert (banner.arena_used, banner.arena_size) == (tiny_firmware.image.arena_used, tiny_firmware.image.arena_bytes)
    assert banner.clock == 216_000_000
    assert banner.labels == tiny_firmware.config.labels
    assert (banner.hop, banner.hops_per_inference) == (320, 5)
    assert isinstance(ready, Ready)
    assert 5 in session.taps


def test_board_and_host_agree_byte_for_byte(tiny_firmware, noise):
    session = Session(tiny_firmware.image.elf, noise).run(3.5)
    n_hops = len(session.taps[6])
    heard = np.frombuffer(b"".join(session.taps[6]), np.int16)
    host = Spotter(tiny_firmware.model, tiny_firmware.config)
    expected = host.process(heard)
    features, inputs, outputs = host.take_recording()

    assert n_hops >= 150
    np.testing.assert_array_equal(heard[: len(noise)], noise[: len(heard)])
    assert b"".join(session.taps[1]) == features.tobytes()
    assert b"".join(session.taps[2]) == inputs.tobytes()
    assert b"".join(session.taps[3]) == outputs.tobytes()
    found = [(event.word, event.score, event.sample) for event in session.of(Detection)]
    assert found == [(event.word, event.score, event.sample) for event in expected]
    assert len(found) > 1
    assert [np.frombuffer(data, "<u8")[0] for data in session.taps[4]] == [sample for _, _, sample in found]
    assert session.of(BoardErrorLine) == []


def test_statistics(tiny_firmware, noise):
    session = Session(tiny_firmware.image.elf, noise).run(2.0)
    before = len(session.taps[6])
    statistics = session.ask(b"stats")

    assert isinstance(statistics, Stats)
    assert before <= statistics.hops <= len(session.taps[6])
    assert statistics.samples == 320 * statistics.hops
    assert statistics.inferences == 1 + (statistics.hops - 1 - 49) // 5  # the first hop completes no window
    assert statistics.detections == len(session.of(Detection))
    assert (statistics.overruns, statistics.rx_dropped, statistics.tx_dropped) == (0, 0, 0)
    assert 0 < statistics.infer_cycles_avg <= statistics.infer_cycles_max
    assert 0 < statistics.feat_cycles_avg <= statistics.feat_cycles_max
    assert 0 < statistics.load_permille < 1000
    assert 1900 <= statistics.uptime_ms <= 2100


def test_commands(tiny_firmware, noise):
    session = Session(tiny_firmware.image.elf, noise[:1600]).run(0.3)

    assert session.ask(b"version") == session.events[0]
    assert session.ask(b"threshold 0.9").extra == {"command": "threshold", "threshold": "0.900"}
    assert session.ask(b"threshold 2").code == "E21"
    assert session.ask(b"nonsense").code == "E20"
    assert session.ask(b"x" * 300).code == "E20"
    assert isinstance(session.ask(b"\xff\x00\r\nhelp"), BoardErrorLine)
    session.run(0.1)
    assert session.events[-1].kind == "help"
    assert session.ask(b"reset") == Ok("ok", {"command": "reset"})
    assert session.ask(b"stats").hops < 3


def test_threshold_command_silences_detections(tiny_firmware, noise):
    session = Session(tiny_firmware.image.elf, np.concatenate([noise[:1600], noise])).run(0.1)
    session.ask(b"threshold 1")

    session.run(3.0)

    assert len(session.taps[3]) > 10
    assert session.of(Detection) == []


def test_a_dead_microphone_is_reported_and_keeps_being(tiny_firmware):
    session = Session(tiny_firmware.image.elf, np.zeros(80000, np.int16)).run(4.5)

    assert [event.code for event in session.of(BoardErrorLine)] == ["E10", "E10"]


def test_lost_hops_are_counted_and_reported(tiny_firmware, tmp_path, noise):
    """Hops of 2 ms and an inference at each: more than the core can do."""
    stripped = parse(tiny_firmware.model)
    stripped.metadata = None
    path = tmp_path / "overload.tflite"
    path.write_bytes(serialize(stripped))
    changes = {"features": {"hop_length": 32}, "detector": {"hops_per_inference": 1}}
    config = from_dict({**tiny_firmware.config.to_dict(), **changes})
    arena = tiny_firmware.image.arena_bytes
    image = build(path, out_dir=OUT, arena_bytes=arena, config=config, progress=lambda line: None)

    session = Session(image.elf, noise).run(1.0)
    statistics = session.ask(b"stats")

    overruns = [event for event in session.of(BoardErrorLine) if event.code == "E12"]
    assert len(overruns) == 1  # not one a hop
    assert int(overruns[0].extra["total"]) > 0
    assert statistics.overruns > 0
    # Sample indices stay those of the microphone: lost hops are part of them.
    assert statistics.samples > 32 * statistics.hops
    assert statistics.samples == pytest.approx(16 * statistics.uptime_ms, abs=32 * 32)


def test_a_damaged_model_is_reported_every_two_seconds(tiny_firmware, tmp_path):
    model = tiny_firmware.model
    elf = tampered(tiny_firmware.image.elf, tmp_path, model, model[:-1] + bytes((model[-1] ^ 1,)))

    session = Session(elf).run(5.0)

    assert [event.code for event in session.events] == ["E01", "E01", "E01"]
    assert session.result.reason == "time"
    assert session.board.resets == []  # the watchdog was fed


def test_a_fault_is_reported_then_the_watchdog_restarts(tiny_firmware, tmp_path):
    elf = tmp_path / "faulty.elf"
    data = bytearray(tiny_firmware.image.elf.read_bytes())
    offset = _file_offset(tiny_firmware.image.elf, "kws_tap")
    data[offset : offset + 2] = b"\x00\xde"  # udf #0 in the first hop
    elf.write_bytes(data)
    session = Session.__new__(Session)
    session.board, session.events, parser = Board(elf), [], LineParser()
    session.board.on_serial = lambda chunk: session.events.extend(parser.feed(chunk))

    session.run(1.0)
    fault = session.of(BoardErrorLine)[-1]
    session.run(3.0)

    assert fault.code == "E90"
    assert {"pc", "lr", "cfsr"} <= fault.extra.keys()
    assert int(fault.extra["cfsr"], 16) & 1 << 16  # undefined instruction
    assert session.board.resets[0].reason == "watchdog"
    assert "E91" in [event.code for event in session.of(BoardErrorLine)]


def test_stack_and_memory_stay_within_the_chip(tiny_firmware):
    assert measure(tiny_firmware.image.elf).ram_bytes < 128 * 1024


def _file_offset(elf, symbol):
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        image = ELFFile(file)
        address = image.get_section_by_name(".symtab").get_symbol_by_name(symbol)[0]["st_value"] & ~1
        text = image.get_section_by_name(".text")
        return text["sh_offset"] + address - text["sh_addr"]


def test_profile_of_the_last_inference(tiny_firmware, noise):
    session = Session(tiny_firmware.image.elf, noise).run(0.05)
    assert session.ask(b"profile").code == "E22"  # nothing to report yet

    session.run(1.6)
    before = len(session.events)
    session.board.send(b"profile\n")
    session.board.run(max_seconds=0.5)
    lines = [event for event in session.events[before:] if isinstance(event, OperatorCycles)]
    names = [operator.operator for operator in inspect(tiny_firmware.model).operators]
    assert [line.name for line in lines] == names
    assert [line.index for line in lines] == list(range(lines[0].operators))
    assert len({line.total for line in lines}) == 1  # of one inference, though others ran meanwhile
    assert 0.9 * lines[0].total < sum(line.cycles for line in lines) <= lines[0].total
