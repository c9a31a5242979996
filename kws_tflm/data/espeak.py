"""espeak-ng through ctypes, from the shared library in the `espeakng-loader` package.

The synthesiser keeps state from one utterance to the next (filter memory, random numbers), so the same
request gives other samples depending on what was said before. `say` therefore runs each utterance in a
forked copy of a freshly initialised library with its own random seed: its samples depend on the request
and on nothing else. One fork costs a few milliseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import DataError, ToolMissingError

SAMPLE_RATE = 22050

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_LONGEST_DATA_PATH = 140
"""The library copies its data path into a fixed buffer of 160 bytes."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Utterance:
    """One request to the synthesiser."""

    text: str
    voice: str
    """espeak-ng voice name with variant, for example ``en-us+m3``."""
    rate: int = 160
    """Words a minute, 80 to 450."""
    pitch: int = 50
    """0 to 99."""
    pitch_range: int = 50
    """0 (monotone) to 99."""
    seed: int = 0
    """Of the library's noise source (31 bits)."""


def say(utterance: Utterance) -> npt.NDArray[np.int16]:
    """The samples of `utterance` at `SAMPLE_RATE`; equal requests give equal samples.

    Call it from a process without threads of its own that hold locks (it forks).

    Raises:
        ToolMissingError: the espeak-ng library is not installed.
        DataError: the library does not know the voice or fails.
    """
    library = _library()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as stream:
                stream.write(_synthesise(library, utterance))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        raw = stream.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or len(raw) == 0:
        raise DataError(f"espeak-ng cannot say {utterance.text!r} with voice {utterance.voice!r}; reinstall it")
    return np.frombuffer(raw, np.int16)


def shared_library() -> ctypes.CDLL:
    """The initialised library of this process, for questions that say nothing aloud.

    Raises:
        ToolMissingError: the espeak-ng library is not installed.
    """
    return _library()


def _synthesise(library: ctypes.CDLL, utterance: Utterance) -> bytes:
    """Raw int16 samples; empty when the voice is unknown. Changes the library's state."""
    pieces: list[bytes] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = _Callback(collect)  # a name of its own: the library keeps the pointer, Python must keep the object
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(utterance.voice.encode()) != 0:
        return b""
    for parameter, value in (
        (_RATE, utterance.rate),
        (_VOLUME, 50),  # some variants clip at the default of 100
        (_PITCH, utterance.pitch),
        (_RANGE, utterance.pitch_range),
    ):
        library.espeak_SetParameter(parameter, value, 0)
    # The library draws from its own generator and, in the Klatt synthesiser, from the C library's.
    library.espeak_ng_SetRandSeed(ctypes.c_long(utterance.seed))
    ctypes.CDLL(None).srand(utterance.seed)
    text = utterance.text.encode() + b"\0"
    library.espeak_Synth(text, len(text), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    return b"".join(pieces)


@cache
def _library() -> ctypes.CDLL:
    """The initialised library of this process; utterances run in forked copies of it."""
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
    except (ImportError, OSError, RuntimeError) as error:
        raise ToolMissingError(
            f"espeak-ng is not usable ({error}); install it: pip install espeakng-loader==0.2.4"
        ) from None
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    with contextlib.ExitStack() as stack:
        if len(os.fsencode(data)) > _LONGEST_DATA_PATH:
            link = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="espeak-"))) / "espeak-ng-data"
            link.symlink_to(data)
            data = str(link)
            # Voices are read when first used, so the link has to outlive this function.
            stack.pop_all()
        rate = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(data), _INITIALIZE_DONT_EXIT)
    if rate != SAMPLE_RATE:
        raise ToolMissingError("espeak-ng finds no voices; install it again: pip install espeakng-loader==0.2.4")
    return library
