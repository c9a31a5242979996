"""Convert an int8 `.tflite` made elsewhere, pruned on the way if asked for."""

from __future__ import annotations

import dataclasses
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kws_tflm.config import Config
from kws_tflm.convert import labelled
from kws_tflm.convert.inspection import inspect
from kws_tflm.convert.prune import PrunedLayer, PruneRequest, prune_model
from kws_tflm.convert.replacements import replace_missing
from kws_tflm.convert.result import ConvertResult
from kws_tflm.convert.rule import SparsifyRule
from kws_tflm.convert.run import convert_model
from kws_tflm.convert.verification import model_inputs, tf_lite_outputs
from kws_tflm.errors import ModelError

CALIBRATION_CLIPS = 256


@dataclass(frozen=True)
class PruningReport:
    """What one-shot pruning did."""

    sparsity: float
    block_shape: tuple[int, int]
    layers: list[PrunedLayer]
    calibration_clips: int
    """Clips that the weights which stay were fitted to; 0: they were left as they are."""
    clips: int
    """Labelled clips; 0: accuracy was not measured."""
    accuracy_before: float | None
    accuracy_after: float | None
    features: str | None
    """Where the features of those clips come from."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


@dataclass(frozen=True)
class ForeignOptions:
    """How to convert a model that brings nothing but itself."""

    rule: SparsifyRule = field(default_factory=SparsifyRule)
    prune: PruneRequest | None = None
    data: Path | None = None
    """Recordings with labels, one sub-folder a class, to measure accuracy on."""
    calibration: Path | None = None
    """Recordings anywhere below a folder, to fit a pruned model to."""
    config: Config | None = None
    """Says how features are made and in which order the classes come."""


def convert_foreign(path: str | Path, out: str | Path, options: ForeignOptions | None = None) -> ConvertResult:
    """`path` -> `out`; verified on noise.

    Raises:
        ModelError: `path` cannot be read or used, `out` is the same file.
        DataError: a folder of recordings cannot be used.
        ParityError: the runners disagree.
    """
    from kws_tflm.train.storage import write_atomic

    options = options or ForeignOptions()
    path, out = Path(path), Path(out)
    if path.resolve() == out.resolve():
        raise ModelError(f"{out}: would overwrite the model itself; choose another output file")
    given, pruning = _read(path), None
    model, notes = replace_missing(given, str(path))
    inspect(model, str(path))
    replaced = _compare(given, model, notes) if notes else None
    if options.prune is not None:
        model, pruning = _prune(model, options.prune, options, str(path))
    elif options.data is not None or options.calibration is not None:
        raise ModelError("recordings are only used to prune; add --prune, as --prune 0.75")
    result = convert_model(model, None, None, str(path), options.rule)
    result = dataclasses.replace(result, replaced=replaced, pruning=pruning.to_dict() if pruning else None)
    write_atomic(out, result.sparse)
    return result


def _compare(given: bytes, model: bytes, notes: list[str]) -> dict[str, Any]:
    """How far the replacements are from the model as it was, by tf.lite on noise."""
    inputs = model_inputs(model, None)
    worst = np.zeros(len(inputs), int)
    for output in range(len(inspect(model).outputs)):
        pairs = zip(tf_lite_outputs(given, inputs, output), tf_lite_outputs(model, inputs, output), strict=True)
        steps = [np.abs(one.astype(int).ravel() - other.astype(int).ravel()).max() for one, other in pairs]
        worst = np.maximum(worst, steps)
    return {"notes": notes, "inputs": len(inputs), "differing": int((worst > 0).sum()), "worst": int(worst.max())}


def _prune(model: bytes, request: PruneRequest, options: ForeignOptions, where: str) -> tuple[bytes, PruningReport]:
    data = labelled.load(options.data, model, options.config, where) if options.data else None
    inputs = None
    if options.calibration is not None:
        inputs = labelled.load_some(options.calibration, CALIBRATION_CLIPS, model, options.config, where)
    pruned, layers = prune_model(model, request, options.rule, inputs, where)
    report = PruningReport(
        sparsity=request.sparsity,
        block_shape=request.block_shape,
        layers=layers,
        calibration_clips=0 if inputs is None else len(inputs),
        clips=0 if data is None else len(data.inputs),
        accuracy_before=None if data is None else labelled.accuracy(model, data, where),
        accuracy_after=None if data is None else labelled.accuracy(pruned, data, where),
        features=None if data is None else data.features,
    )
    return pruned, report


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None
