"""Which word comes when, how loud, over how much noise: a stream before it is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.data import acoustics
from kws_tflm.data.wav import SAMPLE_RATE, read_wav
from kws_tflm.errors import DataError
from kws_tflm.stream.recordings import Recording, Recordings
from kws_tflm.stream.speech import active_span, excerpt

LEAD = 2 * SAMPLE_RATE
"""No word in the first and the last two seconds."""
LEAST_GAP = SAMPLE_RATE
"""Between the recordings of two words."""
_PAUSE_SECONDS = (20.0, 60.0)


@dataclass(frozen=True)
class StreamSettings:
    """What a stream shall be."""

    minutes: float = 60.0
    rate: float = 10.0
    """Words a minute, other words included, on average over the whole stream."""
    unknown_share: float = 0.3
    """Of these words, other words than the keywords."""
    quiet_share: float = 0.25
    """Of the time, spent in pauses of 20 to 60 s without any word."""
    snr_db: tuple[float, float] = (5.0, 30.0)
    """Each word's level over the background is drawn evenly between these."""
    level_dbfs: tuple[float, float] = (-36.0, -18.0)
    """Each word's level (RMS of its active frames) is drawn evenly between these."""
    seed: int = 1

    @property
    def samples(self) -> int:
        """Length of the stream."""
        return round(self.minutes * 60 * SAMPLE_RATE)

    def check(self) -> None:
        """DataError for settings that no stream can have."""
        if not 0.2 <= self.minutes <= 24 * 60:
            raise DataError(f"a stream of {self.minutes:g} minutes is not possible; give 0.2 to 1440 minutes")
        if not 0 <= self.rate <= 40:
            raise DataError(f"{self.rate:g} words a minute are not possible; give a rate of 0 to 40")
        if not 0 <= self.unknown_share <= 1 or not 0 <= self.quiet_share <= 0.9:
            raise DataError("shares are fractions: other words from 0 to 1, pauses from 0 to 0.9; correct them")
        if not -20 <= self.snr_db[0] <= self.snr_db[1] <= 60:
            raise DataError(
                f"signal-to-noise ratios of {self.snr_db[0]:g} to {self.snr_db[1]:g} dB are not possible; give two "
                "values from -20 to 60, the lower one first"
            )


@dataclass(frozen=True)
class Event:
    """A word in the stream: `samples` of `recording` from `start` to `end` are put at `position`."""

    recording: Recording
    kind: str
    start: int
    end: int
    """The word's place in the recording."""
    before: int
    """Samples of the excerpt before `start`."""
    length: int
    """Of the excerpt."""
    level_dbfs: float
    snr_db: float
    position: int = 0

    @property
    def label_start(self) -> int:
        """Where the word begins in the stream."""
        return self.position + self.before

    @property
    def label_end(self) -> int:
        """Where the word ends in the stream."""
        return self.label_start + self.end - self.start

    def signal(self) -> npt.NDArray[np.float64]:
        """The excerpt at its level, [-1, 1)."""
        samples, _ = excerpt(read_wav(self.recording.path), self.start, self.end)
        return samples * acoustics.decibels(self.level_dbfs)


def plan_events(
    recordings: Recordings,
    settings: StreamSettings,
    rng: np.random.Generator,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Event]:
    """Every word of the stream in time order; each recording comes once before any comes twice.

    Keywords come equally often, as nearly as their number allows.

    Raises:
        DataError: more words than fit into the time.
        AudioError: a recording that is not a 16 kHz mono PCM16 wav.
    """
    count = round(settings.rate * settings.minutes)
    others = round(settings.unknown_share * count) if recordings.unknown else 0
    words = list(recordings.keywords)
    turns = [words[int(i)] for _ in range(-(-(count - others) // len(words))) for i in rng.permutation(len(words))]
    kinds: list[str | None] = [*turns[: count - others], *([None] * others)]
    pools = {word: _forever(found, rng) for word, found in recordings.keywords.items()}
    unknown = _forever(recordings.unknown, rng)
    events = []
    for index in rng.permutation(count):
        word = kinds[int(index)]
        events.append(_event(unknown if word is None else pools[word], word is not None, settings, rng))
        progress(1)
    return _placed(events, settings, rng)


def _forever(recordings: Sequence[Recording], rng: np.random.Generator) -> Iterator[Recording]:
    while recordings:
        for index in rng.permutation(len(recordings)):
            yield recordings[int(index)]


def _event(pool: Iterator[Recording], keyword: bool, settings: StreamSettings, rng: np.random.Generator) -> Event:
    for _ in range(100):
        recording = next(pool)
        samples = read_wav(recording.path)
        start, end = active_span(samples)
        if end > start:
            signal, before = excerpt(samples, start, end)
            level, snr = rng.uniform(*settings.level_dbfs), rng.uniform(*settings.snr_db)
            kind = "keyword" if keyword else "unknown"
            return Event(recording, kind, start, end, before, len(signal), float(level), float(snr))
    raise DataError(f"{recording.path.parent}: its recordings are silent; give others")


def _placed(events: list[Event], settings: StreamSettings, rng: np.random.Generator) -> list[Event]:
    """The events at their positions: least gaps, pauses, and the rest of the time spread at random."""
    gaps = len(events) + 1
    pauses = np.zeros(gaps)
    total, quiet = settings.samples, settings.quiet_share * settings.samples
    while len(events) and pauses.sum() < quiet:
        length = min(rng.uniform(*_PAUSE_SECONDS) * SAMPLE_RATE, quiet - pauses.sum())
        pauses[rng.integers(gaps)] += length
    needed = 2 * LEAD + sum(event.length for event in events) + LEAST_GAP * max(0, len(events) - 1)
    slack = total - needed - pauses.sum()
    if slack < 0:
        most = int(settings.rate * (total - pauses.sum() - 2 * LEAD) / max(1, needed - 2 * LEAD))
        raise DataError(
            f"{len(events)} words do not fit into {settings.minutes:g} minutes; give a rate of at most "
            f"{max(0, most)} words a minute, more minutes or a smaller quiet share"
        )
    spread = rng.dirichlet(np.ones(gaps)) * slack + pauses
    placed = []
    position = float(LEAD)
    for event, before in zip(events, spread, strict=False):
        position += before
        placed.append(Event(**{**vars(event), "position": int(position)}))
        position += event.length + LEAST_GAP
    return placed
