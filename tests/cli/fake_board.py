"""A stand-in for `kws_tflm.virtual_board.Board`: prints and taps what a firmware would, without running one."""

import struct
from types import SimpleNamespace

import numpy as np

from kws_tflm.console.protocol import encode

LABELS = ("yes", "no", "_silence_")
HOP = 320
STATS_KEYS = (
    "samples", "hops", "inferences", "detections", "overruns", "rx_dropped", "tx_dropped", "feat_cycles_avg",
    "feat_cycles_max", "infer_cycles_avg", "infer_cycles_max", "load_permille", "uptime_ms",
)  # fmt: skip


def make_board(detections=(), boots=True, error=None, fault=None):
    """A Board class whose firmware reports `detections` (word, permille, sample), an `error`, or faults."""

    class FakeBoard:
        def __init__(self, elf, audio, *, paced=False, timing=None):
            self.audio, self.paced = audio, paced
            self.on_serial = lambda data: None
            self.on_poll = None
            self.sent = []
            self.taps = []
            self.heard = 0
            self.handler_instructions = 0
            self.resets, self.warnings = [], []

        def counters(self):
            return SimpleNamespace(cycles=0)

        def add_tap(self, tap):
            self.taps.append(tap)

        def send(self, data):
            self.sent.append(data)

        def run(self, stop=None, max_seconds=None):
            if self.heard == 0 and boots:
                self._boot()
            while boots and not stop() and self.heard < len(self.audio) + 64000:
                self._hop()
                if b"stats\n" in self.sent:
                    self.on_serial(encode("stats", {key: 0 for key in STATS_KEYS}))
                    break
            report = SimpleNamespace(summary=fault) if fault else None
            return SimpleNamespace(instructions=1000 * self.heard, fault=report)

        def _boot(self):
            fields = {"fw": "0", "board": "fake", "config": "none", "model": "m", "model_bytes": 1, "arena_used": 1}
            fields |= {"arena_size": 1, "clock": 216000000, "labels": ",".join(LABELS), "hop": HOP}
            self.on_serial(encode("boot", fields | {"hops_per_inference": 8}))
            if error:
                self.on_serial(encode("err", {"code": error[0], "msg": error[1]}))

        def _hop(self):
            self._tap(6, bytes(2 * HOP))
            before, self.heard = self.heard, self.heard + HOP
            for word, permille, sample in detections:
                if before < sample <= self.heard:
                    self._tap(2, bytes(10))
                    self._tap(3, np.zeros(3, np.int8).tobytes())
                    self._tap(4, struct.pack("<QII", sample, LABELS.index(word), permille))
                    fields = {"word": word, "score": f"{permille / 1000:.3f}", "sample": sample, "cycles": 7}
                    self.on_serial(encode("det", fields))
            if self.on_poll:
                self.on_poll()

        def _tap(self, identifier, data):
            for tap in self.taps:
                tap(identifier, data, 1000 * self.heard)

    return FakeBoard
