"""The TFLite schema as Python classes, without importing TensorFlow (which takes seconds)."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from kws_tflm.errors import ToolMissingError


@cache
def schema() -> Any:
    """The module `schema_py_generated` that the installed TensorFlow carries."""
    package = importlib.util.find_spec("tensorflow")
    for folder in (package.submodule_search_locations or []) if package else []:
        path = Path(folder) / "lite" / "python" / "schema_py_generated.py"
        spec = importlib.util.spec_from_file_location("kws_tflm_tflite_schema", path)
        if path.is_file() and spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ToolMissingError("the TFLite schema of the Python package tensorflow is not installed; run `make setup`")


@cache
def _names(enumeration: str) -> dict[int, str]:
    return {value: name for name, value in vars(getattr(schema(), enumeration)).items() if isinstance(value, int)}


def operator_name(code: Any) -> str:
    """Name of an OperatorCodeT: `CONV_2D`, or the custom operator's own name."""
    builtin = builtin_code(code)
    if builtin == schema().BuiltinOperator.CUSTOM:
        custom = code.customCode
        return custom.decode("utf-8", "replace") if isinstance(custom, bytes) else str(custom or "unnamed")
    return _names("BuiltinOperator").get(builtin, f"operator {builtin}")


def builtin_code(code: Any) -> int:
    """Files from before 2020 have only the deprecated one-byte field, later ones have both."""
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def type_name(tensor_type: int) -> str:
    """`INT8`, `FLOAT32`, ..."""
    return _names("TensorType").get(tensor_type, f"type {tensor_type}")


def text(value: Any) -> str:
    """A schema string, whatever form the object API gave it."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
