from __future__ import annotations

import pytest
from study_host import HostStudy
from study_m7 import M7Study


@pytest.fixture(scope="session")
def study_host(tmp_path_factory: pytest.TempPathFactory) -> HostStudy:
    return HostStudy(tmp_path_factory.mktemp("study_host"))


@pytest.fixture(scope="session")
def study_m7(tmp_path_factory: pytest.TempPathFactory) -> M7Study:
    return M7Study(tmp_path_factory.mktemp("study_m7"))
