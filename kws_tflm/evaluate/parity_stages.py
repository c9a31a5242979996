"""Runs one recording through every stage, for `kws_tflm.evaluate.parity` to compare.

Each stage is fed what its host predecessor gave, not what its own predecessor on the board gave: a
difference then shows at the stage that causes it. The schedule of inferences is written down here a
second time, independently of the firmware's `Spotter`: the first one when n_frames columns exist, then
one every hops_per_inference columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_tflm.config import Config
from kws_tflm.errors import AudioError, ModelError
from kws_tflm.evaluate.parity import Detections, Stages

Int8 = NDArray[np.int8]
Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class BoardTrace:
    """What a run of the firmware gave: taps and console, from the first sample on.

    Shapes as in `Stages`; `console` are the detections printed, `detections` those of the tap.
    """

    columns: NDArray[np.int16]
    inputs: Int8
    outputs: Int8
    detections: Detections
    console: Detections
    lost_hops: int = 0


@dataclass(frozen=True)
class Sources:
    """The artefacts to follow the recording through; None for what is not there, with the reason in `absent`."""

    config: Config
    labels: tuple[str, ...]
    """Class names in model-output order; a foreign model's are not the configuration's."""
    dense: bytes | None = None
    sparse: bytes | None = None
    keras: Callable[[NDArray[np.int16]], NDArray[np.float32]] | None = None
    """int16 Q7.8 [n, n_frames, n_features] -> softmax [n, classes]."""
    board: Callable[[Pcm], BoardTrace] | None = None
    absent: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Backends:
    """The implementations behind the stages; tests put fakes here."""

    float_features: Callable[[Pcm, Any], NDArray[np.float32]]
    fixed_features: Callable[[Pcm, Any], NDArray[np.int16]]
    tflite: Callable[[bytes, Int8], Sequence[Int8]]
    """Model and int8 inputs [n, *input shape] -> int8 outputs."""
    tflm: Callable[[bytes], Any]
    """Model -> interpreter with `invoke`, quantisation and shapes (`kws_tflm.runtime.Interpreter`)."""
    detect: Callable[[Config, tuple[str, ...], Int8, list[int]], Detections]
    """Configuration, labels, outputs and window ends -> detections."""
    is_rounding: Callable[[bytes, Int8], bool] = lambda model, window: False
    """Whether tf.lite and TFLM differ on this input by the known rounding of FULLY_CONNECTED alone."""


def run_stages(pcm: Pcm, sources: Sources, backends: Backends, say: Callable[[str], None] = lambda _: None) -> Stages:
    """Run every stage that `sources` allows.

    Raises:
        AudioError: the recording is shorter than one model window.
        ModelError: no model at all, or one that does not fit the configuration.
    """
    config = sources.config
    model = sources.sparse if sources.sparse is not None else sources.dense
    if model is None:
        raise ModelError("parity needs a .tflite: name one with --model, or a converted run with --run")
    if len(pcm) < config.features.clip_samples:
        raise AudioError(
            f"the recording has {len(pcm)} samples, one model window takes {config.features.clip_samples}; "
            "use a longer recording"
        )
    deployed = backends.tflm(model)
    _check_fit(deployed, config, sources.labels)
    say("features: float and fixed point")
    stages = _features(pcm, sources, deployed, backends)
    inputs = stages.host_inputs
    assert inputs is not None
    if sources.keras is not None:
        say("Keras")
        scores = sources.keras(_windows(stages.fixed_columns, config))
        quantised = np.rint(scores / deployed.output_scale) + deployed.output_zero_point
        stages = dataclasses.replace(stages, keras_outputs=np.clip(quantised, -128, 127).astype(np.int8))
    if sources.dense is not None:
        say("dense .tflite in tf.lite, host TFLM")
        stages = _dense(stages, sources.dense, inputs, backends)
    if sources.sparse is not None:
        say("sparse .tflite in host TFLM")
        stages = dataclasses.replace(stages, tflm_sparse_outputs=_each(deployed.invoke, inputs))
    outputs = stages.tflm_sparse_outputs if sources.sparse is not None else stages.tflm_dense_outputs
    assert outputs is not None
    ends = window_ends(len(pcm), config)
    stages = dataclasses.replace(stages, host_detections=backends.detect(config, sources.labels, outputs, ends))
    if sources.board is not None:
        say("virtual board")
        stages = _board(stages, sources.board(pcm), len(pcm))
    return dataclasses.replace(stages, absent=dict(sources.absent))


def window_ends(samples: int, config: Config) -> list[int]:
    """End of the window of each inference that `samples` samples allow, in samples."""
    features, step = config.features, config.detector.hops_per_inference
    columns = 1 + (samples - features.window_length) // features.hop_length
    return [
        (count - 1) * features.hop_length + features.window_length
        for count in range(features.n_frames, columns + 1, step)
    ]


def real_backends() -> Backends:
    """The project's own stages."""
    from kws_tflm.convert.verification import tf_lite_outputs
    from kws_tflm.features.reference import float_features
    from kws_tflm.runtime import Detector, FeatureExtractor, Interpreter

    def detect(config: Config, labels: tuple[str, ...], outputs: Int8, ends: list[int]) -> Detections:
        detector = Detector(config.detector, labels)
        events = (detector.update(scores, end) for scores, end in zip(outputs, ends, strict=True))
        return tuple((e.word, round(e.score * 1000), e.sample) for e in events if e is not None)

    return Backends(
        float_features=float_features,
        fixed_features=lambda pcm, features: FeatureExtractor(features).clip(pcm),
        tflite=tf_lite_outputs,
        tflm=Interpreter,
        detect=detect,
        is_rounding=_is_rounding,
    )


def _features(pcm: Pcm, sources: Sources, deployed: Any, backends: Backends) -> Stages:
    from kws_tflm.features.quantize import input_quantization, quantize_features

    config = sources.config
    quantisation = input_quantization(deployed.input_scale, deployed.input_zero_point)
    fixed = backends.fixed_features(pcm, config.features)
    fixed_int8 = quantize_features(fixed, *quantisation)
    exact = backends.float_features(pcm, config.features)
    float_int8 = np.clip(np.rint(exact / deployed.input_scale) + deployed.input_zero_point, -128, 127)
    return Stages(
        labels=sources.labels,
        float_columns=float_int8.astype(np.int8),
        fixed_columns_int8=fixed_int8,
        fixed_columns=fixed,
        host_inputs=_windows(fixed_int8, config),
    )


def _windows(columns: NDArray[Any] | None, config: Config) -> NDArray[Any]:
    """The model windows of a recording, [inferences, n_frames, n_features]."""
    assert columns is not None
    n_frames, step = config.features.n_frames, config.detector.hops_per_inference
    starts = range(0, len(columns) - n_frames + 1, step)
    return np.stack([columns[start : start + n_frames] for start in starts])


def _dense(stages: Stages, model: bytes, inputs: Int8, backends: Backends) -> Stages:
    host = backends.tflm(model)
    found = _each(host.invoke, inputs)
    outputs = backends.tflite(model, inputs.reshape(-1, *host.input_shape))
    expected = np.stack([np.asarray(output, np.int8).reshape(-1) for output in outputs])
    differing = np.flatnonzero((expected != found).any(axis=1))
    known = len(differing) > 0 and all(backends.is_rounding(model, inputs[i]) for i in differing)
    return dataclasses.replace(stages, dense_outputs=expected, tflm_dense_outputs=found, rounding_only=known)


def _board(stages: Stages, trace: BoardTrace, samples: int) -> Stages:
    """Keep what the board gave for the recording; after its end the board hears the microphone's own noise."""
    assert stages.fixed_columns is not None
    assert stages.host_inputs is not None
    n_columns, n_inferences = len(stages.fixed_columns), len(stages.host_inputs)
    return dataclasses.replace(
        stages,
        board_columns=trace.columns[:n_columns],
        board_inputs=trace.inputs[:n_inferences],
        board_outputs=trace.outputs[:n_inferences],
        board_detections=tuple(d for d in trace.detections if d[2] <= samples),
        console_detections=tuple(d for d in trace.console if d[2] <= samples),
        lost_hops=trace.lost_hops,
    )


def _each(invoke: Callable[[Int8], Int8], inputs: Int8) -> Int8:
    return np.stack([np.asarray(invoke(window), np.int8).reshape(-1) for window in inputs])


def _check_fit(interpreter: Any, config: Config, labels: tuple[str, ...]) -> None:
    """The model takes this configuration's features and gives its classes."""
    expected = config.features.n_frames * config.features.n_features
    if int(np.prod(interpreter.input_shape)) != expected:
        raise ModelError(
            f"the model's input {list(interpreter.input_shape)} is not {config.features.n_frames} frames of "
            f"{config.features.n_features} features; give its configuration with --config"
        )
    classes = int(np.prod(interpreter.output_shape))
    if classes != len(labels):
        raise ModelError(
            f"the model has {classes} classes, the configuration {len(labels)}; give its configuration with --config"
        )


def _is_rounding(model: bytes, window: Int8) -> bool:
    from kws_tflm.convert.verification import first_difference, tf_lite_outputs
    from kws_tflm.runtime import Interpreter

    values = window.reshape(Interpreter(model).input_shape)
    difference = first_difference(lambda part, x: tf_lite_outputs(part, x[None])[0], model, model, values)
    return difference is not None and difference.is_rounding
