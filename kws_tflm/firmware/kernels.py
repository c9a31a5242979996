"""Which kernels serve the built-in operators of an image, and which TensorFlow Lite Micro it links."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.errors import FirmwareError, ToolMissingError

KERNELS = ("m7", "reference", "cmsis_nn")
"""This project's M7 kernels; TensorFlow Lite Micro's own; those of an installed CMSIS-NN. The same bytes from all."""

_CMSIS_NN_FILES = ("include/arm_nnfunctions.h", "lib/libcmsis-nn.a")
_TFLM_LIBRARY = "libtensorflow-microlite.a"
_TFLM_HEADER = "tensorflow/lite/micro/micro_log.h"


@dataclass(frozen=True)
class Linkage:
    """A choice of kernels and of TFLM; docs/kernels.md and docs/tflm_versions.md."""

    kernels: str = "m7"
    """One of `KERNELS`."""
    cmsis_nn_root: Path | None = None
    """Prefix of CMSIS-NN; for `cmsis_nn` only."""
    tflm_root: Path | None = None
    """Prefix of a built, current TFLM; None: the crate's sources."""

    @property
    def settings(self) -> dict[str, str]:
        """CMake variables; all of them each time, so that none stays behind in a build folder."""
        return {
            "KWS_KERNELS": self.kernels,
            "CMSIS_NN_ROOT": str(self.cmsis_nn_root or ""),
            "TFLM_ROOT": str(self.tflm_root or ""),
        }

    @property
    def suffix(self) -> str:
        """Keeps build folders apart: empty for the default choice."""
        kernels = "" if self.kernels == "m7" else f"-{self.kernels}"
        return kernels + ("-tflm_root" if self.tflm_root else "")


def choose(kernels: str | None = None, environment: Mapping[str, str] | None = None) -> Linkage:
    """The choice that was asked for, checked.

    Args:
        kernels: one of `KERNELS`; None: the environment's KWS_KERNELS, else ``m7``.
        environment: holds KWS_KERNELS, CMSIS_NN_ROOT and TFLM_ROOT; None: that of the process.

    Raises:
        FirmwareError: no such kernels.
        ToolMissingError: a prefix is wanted and is unset or incomplete.
    """
    variables = os.environ if environment is None else environment
    kernels = kernels or variables.get("KWS_KERNELS") or "m7"
    if kernels not in KERNELS:
        raise FirmwareError(f"no kernels '{kernels}'; choose {', '.join(KERNELS)}")
    cmsis_nn = _cmsis_nn(variables.get("CMSIS_NN_ROOT", "")) if kernels == "cmsis_nn" else None
    return Linkage(kernels, cmsis_nn, _tflm(variables.get("TFLM_ROOT", "")))


def _cmsis_nn(value: str) -> Path:
    wanted = f"a prefix with {' and '.join(_CMSIS_NN_FILES)}"
    if not value:
        raise ToolMissingError(f"the cmsis_nn kernels need an installed CMSIS-NN; set CMSIS_NN_ROOT to {wanted}")
    root = Path(value).resolve()
    for name in _CMSIS_NN_FILES:
        if not (root / name).is_file():
            raise ToolMissingError(f"CMSIS_NN_ROOT={value} has no {name}; it must be {wanted}")
    return root


def _tflm(value: str) -> Path | None:
    if not value:
        return None
    root = Path(value).resolve()
    wanted = f"it must hold the headers of a current TFLM (include/tensorflow) and lib/{_TFLM_LIBRARY}"
    if not any((folder / _TFLM_HEADER).is_file() for folder in (root / "include", root)):
        raise ToolMissingError(f"TFLM_ROOT={value} has no {_TFLM_HEADER}; {wanted}")
    if not any((folder / _TFLM_LIBRARY).is_file() for folder in (root / "lib", root)):
        raise ToolMissingError(f"TFLM_ROOT={value} has no {_TFLM_LIBRARY}; {wanted}")
    return root
