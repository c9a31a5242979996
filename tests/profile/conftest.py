"""The profile of one small model, taken once; TFLM for the target is shared with the firmware's tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kws_tflm.firmware import ProfileImage, build_profile
from kws_tflm.profile import ModelProfile, profile_model

OUT = Path(__file__).resolve().parents[2] / "build" / "tests" / "firmware"


@dataclass(frozen=True)
class Profiled:
    path: Path
    model: bytes
    image: ProfileImage
    profile: ModelProfile


@pytest.fixture(scope="session")
def profiled(tiny_models, tmp_path_factory) -> Profiled:
    """The sparse tiny model."""
    path = tmp_path_factory.mktemp("profile") / "tiny.tflite"
    path.write_bytes(tiny_models.sparse)
    profile = profile_model(path, out_dir=OUT, progress=lambda line: None)
    return Profiled(path, tiny_models.sparse, build_profile(path, out_dir=OUT, progress=lambda line: None), profile)
