"""Download against a server on the loopback: resume, checksum, refusal, offline."""

import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from kws_tflm.data.download import SPEECH_COMMANDS, Archive, download_speech_commands, fetch, unpack
from kws_tflm.errors import DataError


def packed(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Server:
    """Serves `content` at any path; `ranges` holds the Range headers received."""

    def __init__(self, content, *, honour_ranges=True, stop_after=None):
        self.ranges = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers.get("Range")
                outer.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and honour_ranges else 0
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                self.wfile.write(content[start:] if stop_after is None else content[start : start + stop_after])

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/set.tar.gz"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def archive(url, content, **changes):
    fields = {"url": url, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "folder": "set"}
    return Archive(**(fields | changes))


CONTENT = packed({"./yes/a.wav": b"sound" * 1000, "./README.md": b"text"})


def test_download_and_unpack(tmp_path):
    with Server(CONTENT) as server:
        download_speech_commands(tmp_path, (archive(server.url, CONTENT),))
        assert (tmp_path / "set" / "yes" / "a.wav").read_bytes() == b"sound" * 1000
        assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]
        download_speech_commands(tmp_path, (archive(server.url, CONTENT),))
        assert server.ranges == [None]


@pytest.mark.parametrize("honour_ranges", [True, False])
def test_interrupted_download_goes_on(tmp_path, honour_ranges):
    with Server(CONTENT, stop_after=100) as server, pytest.raises(DataError, match="run again"):
        fetch(archive(server.url, CONTENT), tmp_path)
    assert (tmp_path / "set.tar.gz.part").stat().st_size == 100
    with Server(CONTENT, honour_ranges=honour_ranges) as server:
        path = fetch(archive(server.url, CONTENT), tmp_path)
        assert server.ranges == ["bytes=100-"]
    assert path.read_bytes() == CONTENT


def test_wrong_content_is_refused_and_deleted(tmp_path):
    with Server(CONTENT) as server, pytest.raises(DataError, match="checksum") as error:
        fetch(archive(server.url, CONTENT, sha256="0" * 64), tmp_path)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_offline_says_so_in_one_line(tmp_path):
    with Server(CONTENT) as server:
        url = server.url
    with pytest.raises(DataError, match=r"cannot be reached .*go online") as error:
        fetch(archive(url, CONTENT), tmp_path)
    assert "\n" not in str(error.value)


def test_members_that_point_outside_are_refused(tmp_path):
    path = tmp_path / "evil.tar.gz"
    path.write_bytes(packed({"../evil": b"x"}))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out" / "set")
    assert not (tmp_path / "out" / "set").exists()
    assert not (tmp_path / "evil").exists()


def test_official_archives_are_pinned():
    for item in SPEECH_COMMANDS:
        assert item.url.startswith("https://")
        assert len(item.sha256) == 64
