from __future__ import annotations

import pytest
from feature_native import Native, compile_library


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The front end's C++, compiled from the firmware's sources."""
    return Native(compile_library(tmp_path_factory.mktemp("features")))
