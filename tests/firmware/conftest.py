"""Images of the tiny models, compiled once; TFLM for the target is kept between runs in build/tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kws_tflm.config import Config, from_dict
from kws_tflm.convert import embed_metadata
from kws_tflm.firmware import FirmwareImage, build

OUT = Path(__file__).resolve().parents[2] / "build" / "tests" / "firmware"


@dataclass(frozen=True)
class TinyFirmware:
    config: Config
    model: bytes
    model_path: Path
    image: FirmwareImage


@pytest.fixture(scope="session")
def tiny_firmware(tiny_models, tmp_path_factory) -> TinyFirmware:
    """The sparse tiny model with a configuration that makes it report often, its arena measured."""
    changes = {"detector": {"threshold": 0.12, "hops_per_inference": 5, "refractory_ms": 400}}
    config = from_dict({**tiny_models.config.to_dict(), **changes})
    model = embed_metadata(tiny_models.sparse, config)
    path = tmp_path_factory.mktemp("models") / "tiny sparse.tflite"
    path.write_bytes(model)
    return TinyFirmware(config, model, path, build(path, out_dir=OUT, progress=lambda line: None))


@pytest.fixture
def noise() -> np.ndarray:
    """Three seconds that change level, int16."""
    rng = np.random.default_rng(4)
    level = np.repeat(rng.uniform(50, 9000, 24), 2000)
    return np.clip(rng.normal(0, 1, 48000) * level, -32768, 32767).astype(np.int16)
