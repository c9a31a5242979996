"""One experiment file (TOML) -> frozen dataclasses -> one hash that travels with every artefact.

The dataclasses below are the only table of options: defaults, types and meaning stand here and nowhere
else. `load` refuses an unknown key and names the nearest known one; `Config.hash` identifies the
resolved configuration (defaults filled in), so two files that mean the same have the same hash.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kws_tflm.config_ranges import check_ranges
from kws_tflm.errors import ConfigError, MismatchError

T = TypeVar("T")

SILENCE_LABEL = "_silence_"
UNKNOWN_LABEL = "_unknown_"
TEN_WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


@dataclass(frozen=True)
class DataConfig:
    """Which recordings, and which classes they make."""

    kind: str = "synthetic"
    """``synthetic`` (made here with espeak-ng) or ``speech_commands`` (official folder layout)."""
    words: tuple[str, ...] = TEN_WORDS
    """Keywords, in class order; the classes ``_silence_`` and ``_unknown_`` follow them."""
    silence_fraction: float = 0.10
    """Silence clips in the training set, as a fraction of the keyword clips."""
    unknown_fraction: float = 0.10
    """Clips of other words in the training set, as a fraction of the keyword clips."""
    clips_per_word: int = 260
    """Synthetic set only: clips of each keyword over all three splits."""
    synthetic_voices: int = 0
    """Recordings only: so many clips of each keyword, spoken by espeak-ng, join the training split, and
    a quarter as many of each of some fifty other words."""
    seed: int = 0
    """Of what is drawn for the data (synthetic voices, silence, augmented copies) and of the teachers; 0: the
    experiment's `seed`. With a number here, experiments that differ in `seed` alone share data and teachers."""


@dataclass(frozen=True)
class FeatureConfig:
    """The acoustic front end. Lengths are in samples at `sample_rate`."""

    kind: str = "mfcc"
    """``mfcc`` or ``log_mel``."""
    sample_rate: int = 16000
    window_length: int = 512
    hop_length: int = 320
    n_fft: int = 512
    """FFT size, a power of two, at least `window_length`."""
    n_mels: int = 40
    n_coefficients: int = 10
    """DCT-II coefficients kept (``mfcc``); ignored for ``log_mel``."""
    f_min: float = 20.0
    f_max: float = 4000.0
    n_frames: int = 49
    """Columns of one model input."""
    log_offset: float = 1e-6
    """Added to the mel power before the logarithm (samples scaled to [-1, 1))."""

    @property
    def n_features(self) -> int:
        """Values in one column."""
        return self.n_coefficients if self.kind == "mfcc" else self.n_mels

    @property
    def clip_samples(self) -> int:
        """Samples that give exactly `n_frames` columns."""
        return self.window_length + (self.n_frames - 1) * self.hop_length


@dataclass(frozen=True)
class AugmentationConfig:
    """Random changes of the waveform, training split only."""

    time_shift_ms: float = 100.0
    noise_probability: float = 0.8
    snr_db_min: float = 5.0
    snr_db_max: float = 40.0
    gain_db: float = 6.0
    """Uniform in [-gain_db, +gain_db]."""
    speed_min: float = 0.9
    speed_max: float = 1.1
    room_probability: float = 0.0
    """Clips that are heard in a random room (synthetic impulse response)."""
    filter_probability: float = 0.0
    """Clips that go through a random microphone: tilt and bands, sometimes a high-pass or low-pass."""
    voice_probability: float = 0.0
    """Clips whose formants are moved and broadened: another speaker saying the same."""
    loud_silence: float = 0.0
    """Share of the newly drawn silence whose amplitude is uniform, as in the official test set: mostly loud
    background. The rest is uniform in dB, mostly quiet."""


@dataclass(frozen=True)
class ModelConfig:
    """Architecture by registered name (`kws_tflm.models`)."""

    name: str = "ds_cnn"
    filters: int = 64
    blocks: int = 4
    dropout: float = 0.2
    first_kernel: tuple[int, int] = (10, 4)
    """`ds_cnn`: frames x features that the first convolution sees."""
    first_stride: tuple[int, int] = (2, 2)
    """`ds_cnn`: and its stride; (2, 4) with 40 mel channels."""
    residual: bool = False
    """`ds_cnn`: a block's input is added to its output."""
    expansion: int = 3
    """`tenet`: channels inside a block, as a multiple of `filters`."""
    kernel: int = 9
    """`tenet`: frames that a depthwise convolution sees."""


@dataclass(frozen=True)
class TrainConfig:
    """Dense float training."""

    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    patience: int = 10
    """Epochs without a better validation accuracy before training stops."""
    augmented_epochs: int = 8
    """Differently augmented copies of the training set; epochs take them in turn."""
    balance: float = 0.5
    """0: classes as often as recorded; 1: every class equally often."""
    mixup: float = 0.0
    """Float phase: fraction of the clips that are blended with another one (features and labels)."""
    time_mask: int = 0
    """Float phase: up to so many consecutive frames of a clip are set to its mean."""
    frequency_mask: int = 0
    """Float phase: up to so many neighbouring features (mel channels) of a clip are set to its mean."""
    masks: int = 1
    """Time masks, and frequency masks, a clip."""
    word_balance: float = 0.0
    """Among the words of the class ``_unknown_``: 0 as often as recorded, 1 every word equally often."""
    averaging: float = 0.0
    """Decay an update of the running mean of the weights (0.998, say), which then is judged and kept; 0: off."""
    distillation: float = 0.0
    """Weight of the scores of the dense float model as targets while pruning and in QAT; of the teachers' scores
    (`[teacher]`) in every phase where there are teachers."""


@dataclass(frozen=True)
class TeacherConfig:
    """Networks on the same features, trained before the float phase, whose mean scores are targets of what follows.

    Everything that is not here (augmentation, optimiser, schedule) is as in `[train]`.
    """

    name: str = "tenet"
    """Architecture, as `model.name`."""
    filters: int = 96
    blocks: int = 9
    models: int = 0
    """How many, with different seeds; 0: none."""
    epochs: int = 60
    every_word: bool = False
    """Teachers learn each word of ``_unknown_`` as a class of its own; their scores for that class are the sum."""
    with_float: bool = False
    """The run's float network learns from labels alone and is one of the teachers of pruning and QAT."""


@dataclass(frozen=True)
class PruneConfig:
    """Block magnitude pruning of convolutions and fully connected layers."""

    enabled: bool = True
    layers: tuple[str, ...] = ("pointwise",)
    """Which: ``pointwise`` (1x1 convolutions), ``conv`` (all other standard convolutions), ``dense`` (fully connected
    layers), and names of layers."""
    sparsity: float = 0.75
    """Of each of these layers."""
    block_shape: tuple[int, int] = (1, 4)
    """(output channels, input channels) that are kept or zeroed together; ``[1, 1]`` is unstructured. Where the
    input channels of a convolution do not fill blocks, as in a first layer, a block runs on into the next tap."""
    granularity: str = "block"
    """What is zeroed together: ``block`` (of `block_shape`), ``row`` (a line of a filter along the longer side of its
    kernel), ``channel`` (a whole filter), ``1:4`` or ``2:4`` (so many of every four inputs stay)."""
    norm: str = "l2"
    """Block magnitude: ``l1`` (mean |w|) or ``l2`` (root mean square)."""
    epochs: int = 12
    begin_epoch: float = 0.0
    end_epoch: float = 8.0
    """Polynomial (cubic) schedule from 0 to `sparsity` between these epochs; the rest recovers."""
    learning_rate: float = 1e-3
    distort: bool = False
    """Masks and mixup in this phase and in QAT too: for networks that are large enough to learn by heart still."""


@dataclass(frozen=True)
class QatConfig:
    """Prune-preserving quantisation-aware training."""

    enabled: bool = True
    """False: the float network is quantised as it is, its ranges from training clips."""
    epochs: int = 5
    learning_rate: float = 2e-4


@dataclass(frozen=True)
class DetectorConfig:
    """From class scores to events; the same C++ on host and board. Not in the hash: may be tuned after training."""

    hops_per_inference: int = 8
    smoothing: int = 3
    """Inferences averaged."""
    threshold: float = 0.60
    """Smoothed score, 0 to 1, at which a keyword is reported."""
    refractory_ms: int = 900
    """After a detection, further ones are suppressed for this long."""


@dataclass(frozen=True)
class ConvertConfig:
    """What is made of the trained network. Not in the hash: it is the same network, however it is stored."""

    objective: str = "balanced"
    """What the choice of operators minimises: ``cycles``, ``flash`` or ``balanced``."""
    card: str = ""
    """Name under which training ends with a converted model and its measured card, in ``RUN/card``; empty: it ends with
    the network."""


@dataclass(frozen=True)
class Config:
    """A resolved experiment."""

    name: str = "experiment"
    seed: int = 1
    data: DataConfig = field(default_factory=DataConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    prune: PruneConfig = field(default_factory=PruneConfig)
    qat: QatConfig = field(default_factory=QatConfig)
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    convert: ConvertConfig = field(default_factory=ConvertConfig)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in model-output order: keywords, silence, unknown."""
        return (*self.data.words, SILENCE_LABEL, UNKNOWN_LABEL)

    @property
    def data_seed(self) -> int:
        """The seed of data and teachers: `data.seed`, or the experiment's own."""
        return self.data.seed or self.seed

    @property
    def float_is_taught(self) -> bool:
        """Whether the float phase has teachers."""
        return self.teacher.models > 0 and not self.teacher.with_float

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the canonical JSON of what shapes the network.

        That is everything but `detector`, whose threshold may be tuned after training, and `convert`.
        """
        shaping = {key: value for key, value in self.to_dict().items() if key not in ("detector", "convert")}
        for section, keys in _YOUNGER.items():
            defaults = getattr(_DEFAULTS, section)
            for key in keys:
                if getattr(getattr(self, section), key) == getattr(defaults, key):
                    del shaping[section][key]
            if not shaping[section]:
                del shaping[section]
        canonical = json.dumps(shaping, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, as written into run folders and `.tflite` metadata."""
        result: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return result


_DEFAULTS = Config()
_YOUNGER = {
    "data": ("synthetic_voices", "seed"),
    "augmentation": ("room_probability", "filter_probability", "voice_probability", "loud_silence"),
    "model": ("first_kernel", "first_stride", "residual", "expansion", "kernel"),
    "train": ("frequency_mask", "masks", "word_balance", "averaging"),
    "prune": ("layers", "distort", "granularity"),
    "qat": ("enabled",),
    "teacher": tuple(f.name for f in dataclasses.fields(TeacherConfig)),
}
"""Keys younger than the first runs: at their defaults they are left out of the hash, so that those keep theirs."""


def load(path: str | Path) -> Config:
    """Read the experiment file `path`.

    Raises:
        ConfigError: missing file, bad TOML, unknown key (nearest named), wrong type, value out of range.
    """
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file; see configs/ for examples") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); check the file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; correct that line") from None
    return from_dict(raw, where=str(path))


def from_dict(raw: dict[str, Any], where: str = "configuration") -> Config:
    """Build and check a `Config` from nested dictionaries; `where` names the source in errors."""
    config = _build(Config, raw, where, "")
    check_ranges(config, where)
    return config


def require_same(expected: str, found: str, what: str, where: str | Path) -> None:
    """Refuse an artefact whose configuration hash is not the expected one."""
    if expected != found:
        raise MismatchError(
            f"{where}: {what} was made with configuration {found}, not {expected}; "
            "make it again with this configuration, or use the one that made it"
        )


def _build(cls: type[T], raw: Any, where: str, prefix: str) -> T:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: [{prefix.rstrip('.')}] must be a table; write it as [section]")
    hints = typing.get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.0)
            raise ConfigError(f"{where}: unknown key '{prefix}{key}'; did you mean '{prefix}{near[0]}'?")
        values[key] = _coerce(hints[key], value, where, f"{prefix}{key}")
    return cls(**values)


def _coerce(hint: Any, value: Any, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, where, f"{key}.")
    origin = typing.get_origin(hint)
    if origin is tuple:
        args = typing.get_args(hint)
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where}: '{key}' must be a list, not {value!r}")
        if args[-1] is not Ellipsis and len(value) != len(args):
            raise ConfigError(f"{where}: '{key}' must have {len(args)} entries, not {len(value)}")
        return tuple(_coerce(args[0], v, where, f"{key}[{i}]") for i, v in enumerate(value))
    if isinstance(hint, types.UnionType):  # pragma: no cover - no such field today
        raise TypeError(f"unsupported field type {hint}")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise ConfigError(f"{where}: '{key}' must be of type {hint.__name__}, not {value!r}")
    return value
