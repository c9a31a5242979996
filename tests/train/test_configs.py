"""The experiment files that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from kws_tflm import config as configuration
from kws_tflm.models import build

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configuration_loads_and_builds(path: Path) -> None:
    config = configuration.load(path)
    assert config.name == path.stem
    model = build(config)
    assert model.output_shape == (None, len(config.labels))
