"""Get the official archives: resumed after an interruption, checked by size and SHA-256, unpacked atomically."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from kws_tflm.data.cache import new_folder
from kws_tflm.errors import DataError

_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Archive:
    """A file to download and the folder that it becomes."""

    url: str
    size: int
    sha256: str
    folder: str


SPEECH_COMMANDS = (
    Archive(
        "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        2_428_923_189,
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        "speech_commands_v0.02",
    ),
    Archive(
        "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz",
        112_563_277,
        "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
        "speech_commands_test_set_v0.02",
    ),
)
"""Sizes and checksums as TensorFlow Datasets and torchaudio publish them for the official files."""


def download_speech_commands(folder: Path, archives: tuple[Archive, ...] = SPEECH_COMMANDS) -> None:
    """Download and unpack what is not in `folder` yet; an archive is removed once it is unpacked.

    Raises:
        DataError: offline, the server refuses, or the file is not the official one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        target = folder / archive.folder
        if target.is_dir():
            continue
        packed = fetch(archive, folder)
        unpack(packed, target)
        packed.unlink()


def fetch(archive: Archive, folder: Path) -> Path:
    """Download `archive` into `folder`, going on where an earlier attempt stopped; the checked file's path."""
    target = folder / archive.url.rpartition("/")[2]
    partial = target.with_name(target.name + ".part")
    if not target.is_file():
        if not partial.is_file() or partial.stat().st_size < archive.size:
            _transfer(archive, partial)
        _verify(partial, archive)
        partial.replace(target)
    return target


def unpack(packed: Path, target: Path) -> None:
    """Unpack a .tar.gz as the folder `target`, whole or not at all; members that point outside are refused."""
    try:
        with new_folder(target) as building, tarfile.open(packed, "r:gz") as tar:
            for member in tqdm(tar, desc=f"unpacking {packed.name}", unit="file", disable=None, leave=False):
                tar.extract(member, building, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{packed}: cannot be unpacked ({error}); delete it and run again") from None


def _transfer(archive: Archive, partial: Path) -> None:
    """Append what is missing to `partial`."""
    have = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT
            free = shutil.disk_usage(partial.parent).free
            if free < archive.size - (have if resumed else 0):
                raise DataError(
                    f"{partial.parent}: {free >> 20} MB free, {archive.size >> 20} MB needed; make room or go elsewhere"
                )
            # A server that ignores the range sends everything again.
            with (
                partial.open("ab" if resumed else "wb") as out,
                tqdm(
                    total=archive.size,
                    initial=have if resumed else 0,
                    desc=archive.folder,
                    unit="B",
                    unit_scale=True,
                    disable=None,
                    leave=False,
                ) as bar,
            ):
                while block := answer.read(_BLOCK):
                    out.write(block)
                    bar.update(len(block))
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.unlink(missing_ok=True)
        raise DataError(f"{archive.url}: the server says {error.code} {error.reason}; try again later") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{archive.url}: cannot be reached ({reason}); go online and run again (what is there is kept), "
            f"or unpack a copy of the archive as {partial.parent / archive.folder}"
        ) from None
    if partial.stat().st_size < archive.size:
        raise DataError(f"{archive.url}: the connection ended early; run again to go on where it stopped")


def _verify(partial: Path, archive: Archive) -> None:
    checksum = hashlib.sha256()
    with (
        partial.open("rb") as stream,
        tqdm(total=archive.size, desc="checksum", unit="B", unit_scale=True, disable=None, leave=False) as bar,
    ):
        while block := stream.read(_BLOCK):
            checksum.update(block)
            bar.update(len(block))
    if checksum.hexdigest() != archive.sha256:
        partial.unlink()
        raise DataError(
            f"{archive.url}: checksum {checksum.hexdigest()[:12]} is not {archive.sha256[:12]}; "
            "the bad file is deleted, run again"
        )
