"""Recordings on disk <-> int16 arrays: RIFF/WAVE, PCM16, mono, 16 kHz, and nothing else.

The parser reads the chunks itself, so that every way in which a file can be wrong has its own one-line
`AudioError` which says what was found, what is wanted and how to convert.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import AudioError

SAMPLE_RATE = 16000
_PCM = 1
_EXTENSIBLE = 0xFFFE
_ENCODINGS = {2: "ADPCM", 3: "floating point", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x55: "MP3"}


@dataclass(frozen=True)
class _Format:
    """The fields of a `fmt ` chunk that decide whether a file is usable."""

    encoding: int
    channels: int
    rate: int
    bits: int


def read_wav(path: str | Path, min_samples: int = 1) -> npt.NDArray[np.int16]:
    """Read a 16 kHz mono PCM16 recording.

    Args:
        path: the file.
        min_samples: fewest samples that are useful to the caller, for example one analysis window.

    Returns:
        int16 samples, a writable array of their own.

    Raises:
        AudioError: missing, not a RIFF/WAVE file, truncated, empty, too short, or of another rate, width or
            number of channels.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise AudioError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise AudioError(f"{path}: is a folder, not a recording; name a .wav file") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return decode_wav(raw, path, min_samples)


def decode_wav(raw: bytes, where: str | Path, min_samples: int = 1) -> npt.NDArray[np.int16]:
    """The samples in the bytes of a wav file; `where` names it in errors. See `read_wav`."""
    if len(raw) == 0:
        raise AudioError(f"{where}: the file is empty (0 bytes); record or copy it again")
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise AudioError(f"{where}: not a wav file (no RIFF/WAVE header); {_convert(where)}")
    fmt: _Format | None = None
    for name, start, size in _chunks(raw, where):
        if name == b"fmt ":
            fmt = _parse_format(raw[start : start + size], where)
            _require_wanted(fmt, where)
        elif name == b"data":
            if fmt is None:
                raise AudioError(f"{where}: damaged wav file (samples before their format); {_convert(where)}")
            return _samples(raw[start : start + size], where, min_samples)
    missing = "format" if fmt is None else "samples"
    raise AudioError(f"{where}: truncated or damaged wav file (it has no {missing}); record or copy it again")


def write_wav(path: str | Path, samples: npt.NDArray[np.int16]) -> None:
    """Write int16 mono samples as a 16 kHz wav; the file appears whole or not at all."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype != np.int16:
        raise ValueError(f"expected one row of int16 samples, got {samples.dtype} of shape {samples.shape}")
    body = samples.astype("<i2", copy=False).tobytes()
    header = struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE")
    header += struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    header += struct.pack("<4sI", b"data", len(body))
    write_bytes_atomic(Path(path), header + body)


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it into place, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def fit_length(samples: npt.NDArray[np.int16], length: int) -> npt.NDArray[np.int16]:
    """`samples` cut, or padded with zeros at the end, to exactly `length`."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))


def _chunks(raw: bytes, where: str | Path) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the content, size) of each RIFF chunk; chunks are padded to even lengths."""
    position = 12
    while position + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, position)
        start = position + 8
        if start + size > len(raw):
            raise AudioError(
                f"{where}: truncated: its header promises {size} bytes of {_chunk_name(name)}, "
                f"but only {len(raw) - start} are there; record or copy it again"
            )
        yield name, start, size
        position = start + size + (size & 1)


def _chunk_name(name: bytes) -> str:
    printable = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in name)
    return "samples" if name == b"data" else f"'{printable.strip()}' chunk"


def _parse_format(chunk: bytes, where: str | Path) -> _Format:
    if len(chunk) < 16:
        raise AudioError(f"{where}: damaged wav file (format chunk of {len(chunk)} bytes); {_convert(where)}")
    encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if encoding == _EXTENSIBLE and len(chunk) >= 26:
        encoding = struct.unpack_from("<H", chunk, 24)[0]
    return _Format(encoding, channels, rate, bits)


def _require_wanted(fmt: _Format, where: str | Path) -> None:
    found = []
    if fmt.rate != SAMPLE_RATE:
        found.append(f"{fmt.rate} Hz")
    if fmt.channels != 1:
        found.append("stereo" if fmt.channels == 2 else f"{fmt.channels} channels")
    if fmt.encoding != _PCM:
        found.append(_ENCODINGS.get(fmt.encoding, f"encoding {fmt.encoding}"))
    elif fmt.bits != 16:
        found.append(f"{fmt.bits}-bit samples")
    if found:
        raise AudioError(f"{where}: is {', '.join(found)}; wanted is 16000 Hz mono 16-bit PCM; {_convert(where)}")


def _samples(body: bytes, where: str | Path, min_samples: int) -> npt.NDArray[np.int16]:
    count = len(body) // 2
    if count == 0:
        raise AudioError(f"{where}: has no samples (0 seconds of sound); record it again")
    if count < min_samples:
        raise AudioError(
            f"{where}: too short: {count} samples ({1000 * count / SAMPLE_RATE:.0f} ms), at least {min_samples} "
            f"({1000 * min_samples / SAMPLE_RATE:.0f} ms) are needed; record a longer one"
        )
    return np.frombuffer(body, dtype="<i2", count=count).astype(np.int16)


def _convert(where: str | Path) -> str:
    """The command that makes a usable file of this one."""
    stem = Path(where).stem or "in"
    return (
        f"convert it: sox {Path(where).name or 'in.wav'} -r 16000 -c 1 -b 16 -e signed {stem}-16k.wav, "
        "or a whole folder: kws-tflm data import SRC DST"
    )
