"""Speech from helper processes (`espeak_server`): many utterances, on as many cores as wanted."""

from __future__ import annotations

import dataclasses
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import numpy.typing as npt

from kws_tflm.data.espeak import Utterance
from kws_tflm.errors import DataError


def speak_all(utterances: Sequence[Utterance], processes: int = 2) -> Iterator[npt.NDArray[np.int16]]:
    """The samples of each utterance in order, 22,050 Hz; the same whatever the number of processes.

    Raises:
        DataError: a helper process failed; its own message is passed on.
    """
    processes = max(1, min(processes, len(utterances)))
    servers = [_start(utterances[first::processes]) for first in range(processes)]
    try:
        for index in range(len(utterances)):
            stdout = servers[index % processes].stdout
            assert stdout is not None
            yield _read_frame(stdout)
    finally:
        for server in servers:
            server.kill()
            server.wait()
            if server.stdout is not None:
                server.stdout.close()


def _start(utterances: Sequence[Utterance]) -> subprocess.Popen[bytes]:
    # Requests go through a file: the server can write answers while nobody waits to send it more.
    with tempfile.TemporaryFile() as requests:
        for utterance in utterances:
            requests.write(json.dumps(dataclasses.asdict(utterance)).encode() + b"\n")
        requests.seek(0)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        environment["OPENBLAS_NUM_THREADS"] = "1"
        command = [sys.executable, "-m", "kws_tflm.data.espeak_server"]
        return subprocess.Popen(command, stdin=requests, stdout=subprocess.PIPE, env=environment)


def _read_frame(stream: IO[bytes]) -> npt.NDArray[np.int16]:
    header = stream.read(4)
    count = struct.unpack("<i", header)[0] if len(header) == 4 else 0
    content = stream.read(abs(count))
    if count == 0 or len(content) != abs(count):
        raise DataError("the espeak-ng helper process stopped early; run the same command again")
    if count < 0:
        raise DataError(content.decode("utf-8", "replace"))
    return np.frombuffer(content, np.int16)
