"""Convert the model of a run folder, with files on disk; `foreign.py` is the door for models made elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.convert.compact import compact
from kws_tflm.convert.fuse_separable import FusedPair, fuse_separable
from kws_tflm.convert.inspection import inspect
from kws_tflm.convert.keras_export import to_dense_tflite
from kws_tflm.convert.metadata import embed_metadata
from kws_tflm.convert.model import parse, serialize
from kws_tflm.convert.result import ConvertResult
from kws_tflm.convert.rule import DEFAULT_OBJECTIVE, SparsifyRule
from kws_tflm.convert.slim import slim
from kws_tflm.convert.sparsification import sparsify
from kws_tflm.convert.verification import verify

VERIFICATION_CLIPS = 64
DENSE, SPARSE, REPORT = "dense.tflite", "sparse.tflite", "convert.json"


def rule_for(config: Config | None, objective: str = DEFAULT_OBJECTIVE) -> SparsifyRule:
    """All forms of the table, and the blocks that the experiment pruned by."""
    if config is None or not config.prune.enabled:
        return SparsifyRule(objective)
    rows, columns = config.prune.block_shape
    return SparsifyRule(objective, also=(f"block_{rows}x{columns}",))


def convert_model(
    dense: bytes,
    features: npt.NDArray[np.int16] | None,
    config: Config | None,
    where: str = "model",
    rule: SparsifyRule | None = None,
) -> ConvertResult:
    """Rewrite an int8 model, take out what only costs memory, and verify that it computes the same bytes.

    Args:
        dense: a full-int8 `.tflite`.
        features: Q7.8 [clips, frames, coefficients] to verify with; None: noise.
        config: embedded in both models; None leaves it out.
        where: the name put into errors.
        rule: how to choose; None: `rule_for(config)`.

    Raises:
        ModelError: `dense` is corrupt, not int8 or has unsupported operators.
        ParityError: the runners disagree.
    """
    inspect(dense, where)
    rule = rule or rule_for(config)
    smaller, compacted = compact(dense, where)
    joined, fused = _fused(smaller, where) if rule.fuse else (smaller, [])
    sparse, layers = sparsify(joined, rule, where)
    sparse = slim(sparse)
    if config is not None:
        dense, sparse = embed_metadata(dense, config), embed_metadata(sparse, config)
    report = verify(dense, sparse, features, where)
    return ConvertResult(
        dense, sparse, rule.objective, layers, compacted, report, config.hash if config else None, fused
    )


def _fused(model: bytes, where: str) -> tuple[bytes, list[FusedPair]]:
    edited = parse(model, where)
    fused = fuse_separable(edited)
    return (serialize(edited) if fused else model), fused


def convert_run(
    run_dir: str | Path, features: npt.NDArray[np.int16], objective: str = DEFAULT_OBJECTIVE, fuse: bool = False
) -> ConvertResult:
    """Last stage of a run (QAT, else float) -> dense.tflite, sparse.tflite and convert.json in its folder.

    Each file is replaced whole, convert.json last: it holds the digests of the other two.

    Args:
        run_dir: folder that training made, with all its stages finished.
        features: Q7.8 features of training clips; all of them calibrate, the first 64 verify.
        objective: one of `kws_tflm.config_ranges.OBJECTIVES`.
        fuse: see `SparsifyRule`.
    """
    from kws_tflm.train import last_stage, load_model, open_run
    from kws_tflm.train.storage import write_atomic, write_json

    folder = open_run(run_dir)
    dense = to_dense_tflite(load_model(run_dir, last_stage(folder.config)), features, folder.config)
    rule = dataclasses.replace(rule_for(folder.config, objective), fuse=fuse)
    result = convert_model(dense, features[:VERIFICATION_CLIPS], folder.config, folder.path.name, rule)
    write_atomic(folder.path / DENSE, result.dense)
    write_atomic(folder.path / SPARSE, result.sparse)
    write_json(folder.path / REPORT, result.report())
    return result
