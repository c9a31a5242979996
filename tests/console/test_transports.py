"""Ports that are missing, forbidden, in use or disappear; the virtual board's pseudo-terminal; replay."""

import errno
import os
import threading
from types import SimpleNamespace

import pytest
import serial
from serial.tools import list_ports

from kws_tflm.console.pty import PtyPort
from kws_tflm.console.transports import ReplayTransport, SerialTransport, find_port
from kws_tflm.errors import ConsoleError


@pytest.fixture
def port():
    pty_port = PtyPort()
    yield pty_port
    pty_port.close()


def read_until(transport, size):
    data = b""
    for _ in range(100):
        data += transport.read() or b""
        if len(data) >= size:
            break
    return data


def ports(*vendors):
    return [SimpleNamespace(device=f"/dev/ttyACM{i}", vid=vendor) for i, vendor in enumerate(vendors)]


def test_finds_the_st_link_among_other_ports(monkeypatch):
    monkeypatch.setattr(list_ports, "comports", lambda: ports(0x1A86, 0x0483, None))
    assert find_port() == "/dev/ttyACM1"


@pytest.mark.parametrize(
    ("vendors", "message"), [((), "other ports: none"), ((0x1A86,), "ttyACM0"), ((0x0483, 0x0483), "choose one")]
)
def test_says_what_to_do_without_exactly_one_st_link(monkeypatch, vendors, message):
    monkeypatch.setattr(list_ports, "comports", lambda: ports(*vendors))
    with pytest.raises(ConsoleError, match=message):
        find_port()


@pytest.mark.parametrize(
    ("code", "advice"), [(errno.EACCES, "dialout"), (errno.EBUSY, "another program"), (errno.ENOENT, "no such port")]
)
def test_open_errors_come_with_advice(monkeypatch, code, advice):
    def refuse(*_args, **_kwargs):
        raise serial.SerialException(code, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(ConsoleError, match=advice):
        SerialTransport("/dev/ttyACM0")


def test_missing_port_for_real(tmp_path):
    with pytest.raises(ConsoleError, match="no such port"):
        SerialTransport(str(tmp_path / "ttyACM9"))


def test_a_file_is_no_port(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("KWS1 ready *00\n")
    with pytest.raises(ConsoleError, match="cannot be opened as a serial port"):
        SerialTransport(str(path))


def test_bytes_go_both_ways(port):
    assert not port.attached
    assert port.write(b"nobody listens") == len(b"nobody listens")
    transport = SerialTransport(port.path)
    assert port.wait_attached(1.0)
    assert port.write(b"hello\r\n") == 0
    assert read_until(transport, 7) == b"hello\r\n"
    transport.write(b"stats\n")
    assert port.read() == b"stats\n"
    transport.close()
    assert not port.attached


def test_nothing_is_lost_on_a_reader_slower_than_the_board(port):
    transport = SerialTransport(port.path)
    received = []
    reader = threading.Thread(target=lambda: received.append(read_until(transport, 50_000)))
    reader.start()
    assert port.write(bytes(range(250)) * 200) == 0
    reader.join(10)
    assert received == [bytes(range(250)) * 200]
    transport.close()


def test_a_port_that_disappears_is_one_line(port):
    transport = SerialTransport(port.path)
    port.close()
    with pytest.raises(ConsoleError, match=r"the port disappeared; .* --reconnect"):
        transport.read()
    transport.close()


def test_reconnect_opens_the_port_again(tmp_path, monkeypatch):
    monkeypatch.setattr("kws_tflm.console.transports.RETRY_S", 0.0)
    name = tmp_path / "board"
    first = PtyPort()
    name.symlink_to(first.path)
    transport = SerialTransport(str(name), reconnect=True)
    first.close()
    assert [transport.read() for _ in range(3)] == [b"", b"", b""]
    second = PtyPort()
    name.unlink()
    name.symlink_to(second.path)
    transport.read()
    assert transport.reconnected == 1
    second.write(b"again")
    assert read_until(transport, 5) == b"again"
    transport.close()
    second.close()


def test_replay_reads_a_log_to_its_end(tmp_path):
    log = tmp_path / "console.log"
    log.write_bytes(b"KWS1 ready *0A\r\n")
    transport = ReplayTransport(log)
    assert transport.read() == b"KWS1 ready *0A\r\n"
    assert transport.read() is None
    transport.close()
    transport.close()


def test_replay_of_standard_input(monkeypatch):
    read_end, write_end = os.pipe()
    saved = os.dup(0)
    try:
        os.dup2(read_end, 0)
        transport = ReplayTransport("-")
        os.write(write_end, b"abc")
        assert transport.read() == b"abc"
        os.close(write_end)
        assert transport.read() is None
        transport.close()
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(read_end)


def test_replay_of_a_missing_file_or_a_folder(tmp_path):
    with pytest.raises(ConsoleError, match="no such file"):
        ReplayTransport(tmp_path / "none.log")
    with pytest.raises(ConsoleError, match="directory"):
        ReplayTransport(tmp_path).read()
