"""The steps that verbs and the demo share: train a run, convert it, with their artefacts on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kws_tflm.cli.artefacts import RunFolder
from kws_tflm.cli.output import plain
from kws_tflm.config import Config
from kws_tflm.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CALIBRATION_CLIPS = 256
VERIFICATION_CLIPS = 64
CONVERT_REPORT = "convert.json"


def convert_run(run: RunFolder, data_dir: Path | None, cache_dir: Path) -> dict[str, Any]:
    """Write dense.tflite, sparse.tflite and convert.json of a trained run; returns what convert.json holds.

    Raises:
        ModelError: the run has no QAT stage, or the converted models do not agree byte for byte.
    """
    from kws_tflm.convert import to_dense_tflite
    from kws_tflm.train import load_model
    from kws_tflm.train.storage import write_atomic

    config = run.config()
    features = sample_features(config, data_dir, cache_dir, CALIBRATION_CLIPS)
    dense = to_dense_tflite(load_model(run.path, "qat"), features, config)
    sparse, report = rewrite(dense, features[:VERIFICATION_CLIPS], run.path.name, config)
    write_atomic(run.dense, dense)
    write_atomic(run.sparse, sparse)
    report = {"config": config.hash, **report}
    write_atomic(run.path / CONVERT_REPORT, json.dumps(report, indent=2, default=plain).encode())
    return report


def rewrite(
    dense: bytes, features: NDArray[np.int16], where: str, config: Config | None
) -> tuple[bytes, dict[str, Any]]:
    """Replace pruned convolutions by the sparse operator and verify; returns the model and the report.

    Raises:
        ModelError: dense and sparse outputs differ on `features`.
    """
    from kws_tflm.convert import embed_metadata, sparsify, verify

    sparse, decisions = sparsify(dense)
    if config is not None:
        sparse = embed_metadata(sparse, config)
    verified = verify(dense, sparse, features)
    return sparse, {
        "dense": {"bytes": len(dense), "sha256": digest(dense)},
        "sparse": {"bytes": len(sparse), "sha256": digest(sparse)},
        "layers": [dataclasses.asdict(decision) for decision in decisions],
        "verification": dataclasses.asdict(verified),
    }


def is_converted(run: RunFolder) -> bool:
    """The run's models are there and are what its convert.json describes."""
    try:
        report = json.loads((run.path / CONVERT_REPORT).read_text(encoding="utf-8"))
        return bool(
            digest(run.dense.read_bytes()) == report["dense"]["sha256"]
            and digest(run.sparse.read_bytes()) == report["sparse"]["sha256"]
            and run.config().hash == report["config"]
        )
    except (OSError, ValueError, KeyError):
        return False


def sample_features(config: Config, data_dir: Path | None, cache_dir: Path, count: int) -> NDArray[np.int16]:
    """Fixed-point features of `count` training clips spread over the classes, [count, n_frames, n_features]."""
    from kws_tflm.data import load_dataset
    from kws_tflm.runtime import FeatureExtractor

    split = load_dataset(config, data_dir, cache_dir).split("train")
    if len(split.labels) == 0:
        raise ModelError("the training split is empty; check the data folder")
    chosen = np.random.default_rng(config.seed).permutation(len(split.labels))[:count]
    return FeatureExtractor(config.features).batch(np.asarray(split.clips[np.sort(chosen)]))


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
