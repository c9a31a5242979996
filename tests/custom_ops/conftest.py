from __future__ import annotations

import pytest
from dense_target import M7Interpreter
from host_library import HostKernels
from m7_target import M7Kernels


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """The kernels, compiled for this machine from the firmware's sources."""
    return HostKernels(tmp_path_factory.mktemp("host_kernels"))


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> M7Kernels:
    """The kernels, compiled for the Cortex-M7."""
    return M7Kernels(tmp_path_factory.mktemp("m7_kernels"))


@pytest.fixture(scope="session")
def m7(tmp_path_factory: pytest.TempPathFactory) -> M7Interpreter:
    """Whole models on the Cortex-M7; without CMSIS-NN."""
    return M7Interpreter(tmp_path_factory.mktemp("m7_models"))
