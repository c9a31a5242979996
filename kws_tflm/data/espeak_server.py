"""A process that speaks: `python -m kws_tflm.data.espeak_server < requests > frames`.

The synthesiser is forked for each utterance (see `espeak`), which must not happen in a process with many
threads. So the library lives in small processes of its own, which `speak` starts. Requests are JSON lines; each
answer is a little-endian int32 byte count and that many bytes of int16 samples, or a negative count and an
error text.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import BinaryIO

from kws_tflm.data.espeak import Utterance, say
from kws_tflm.errors import KwsError


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    for line in requests:
        try:
            content = say(Utterance(**json.loads(line))).tobytes()
            count = len(content)
        except KwsError as error:
            content = str(error).encode()
            count = -len(content)
        # One write a frame and a flush: nothing may stay in a buffer when the next utterance forks.
        answers.write(struct.pack("<i", count) + content)
        answers.flush()


if __name__ == "__main__":
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
