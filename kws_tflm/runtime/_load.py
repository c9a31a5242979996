"""Finds the compiled extension, or says how to build it."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from kws_tflm.errors import ToolMissingError


@functools.cache
def native() -> Any:
    """The extension module `kws_tflm.runtime._native`.

    Raises:
        ToolMissingError: it has not been built.
    """
    try:
        return importlib.import_module("kws_tflm.runtime._native")
    except ImportError as error:
        raise ToolMissingError(f"the host library cannot be loaded ({error}); run 'make setup'") from None
