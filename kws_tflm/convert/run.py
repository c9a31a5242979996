"""The door for the command line: convert a run folder, or a model made elsewhere, with files on disk."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.convert.inspection import inspect
from kws_tflm.convert.keras_export import to_dense_tflite
from kws_tflm.convert.metadata import embed_metadata
from kws_tflm.convert.rule import SparsifyRule
from kws_tflm.convert.sparsification import LayerDecision, sparsify
from kws_tflm.convert.verification import VerifyReport, verify
from kws_tflm.errors import ModelError

VERIFICATION_CLIPS = 64
DENSE, SPARSE, REPORT = "dense.tflite", "sparse.tflite", "convert.json"


@dataclass(frozen=True)
class ConvertResult:
    """Both models and why they are as they are."""

    dense: bytes
    sparse: bytes
    layers: list[LayerDecision]
    verification: VerifyReport
    config: str | None
    """Hash of the configuration; None for a foreign model."""

    def report(self) -> dict[str, Any]:
        """The content of convert.json."""
        return {
            "config": self.config,
            "dense": {"bytes": len(self.dense), "sha256": hashlib.sha256(self.dense).hexdigest()},
            "sparse": {"bytes": len(self.sparse), "sha256": hashlib.sha256(self.sparse).hexdigest()},
            "layers": [dataclasses.asdict(layer) for layer in self.layers],
            "verification": dataclasses.asdict(self.verification),
        }


def rule_for(config: Config | None) -> SparsifyRule:
    """1x4 blocks, and the blocks that the experiment pruned by."""
    if config is None or not config.prune.enabled:
        return SparsifyRule()
    return SparsifyRule(block_shapes=tuple(dict.fromkeys([config.prune.block_shape, (1, 4)])))


def convert_model(
    dense: bytes, features: npt.NDArray[np.int16] | None, config: Config | None, where: str = "model"
) -> ConvertResult:
    """Rewrite and verify an int8 model; without a rewritten layer the sparse model is the dense one, byte for byte.

    Raises:
        ModelError: `dense` is corrupt, not int8 or has unsupported operators.
        ParityError: the runners disagree.
    """
    inspect(dense, where)
    sparse, layers = sparsify(dense, rule_for(config), where)
    if config is not None:
        dense, sparse = embed_metadata(dense, config), embed_metadata(sparse, config)
    report = verify(dense, sparse, features, where)
    return ConvertResult(dense, sparse, layers, report, config.hash if config else None)


def convert_run(run_dir: str | Path, features: npt.NDArray[np.int16]) -> ConvertResult:
    """QAT model of a run -> dense.tflite, sparse.tflite and convert.json in its folder.

    Each file is replaced whole, convert.json last: it holds the digests of the other two.

    Args:
        run_dir: folder that training made, with its `qat` stage finished.
        features: Q7.8 features of training clips; all of them calibrate, the first 64 verify.
    """
    from kws_tflm.train import load_model, open_run
    from kws_tflm.train.storage import write_atomic, write_json

    folder = open_run(run_dir)
    dense = to_dense_tflite(load_model(run_dir, "qat"), features, folder.config)
    result = convert_model(dense, features[:VERIFICATION_CLIPS], folder.config, folder.path.name)
    write_atomic(folder.path / DENSE, result.dense)
    write_atomic(folder.path / SPARSE, result.sparse)
    write_json(folder.path / REPORT, result.report())
    return result


def convert_foreign(path: str | Path, out: str | Path) -> ConvertResult:
    """An int8 `.tflite` made elsewhere -> `out`; verified on noise, passed through where nothing is rewritten.

    Raises:
        ModelError: `path` cannot be read or used, or `out` is the same file.
    """
    from kws_tflm.train.storage import write_atomic

    path, out = Path(path), Path(out)
    if path.resolve() == out.resolve():
        raise ModelError(f"{out}: would overwrite the model itself; choose another output file")
    try:
        dense = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None
    result = convert_model(dense, None, None, str(path))
    write_atomic(out, result.sparse)
    return result
