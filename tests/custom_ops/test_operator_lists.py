"""The two lists of custom operators, in C++ and in Python, are one."""

from __future__ import annotations

import re
from pathlib import Path

from kws_tflm.convert.custom_operators import CUSTOM_OPERATORS

REGISTER = Path(__file__).parents[2] / "custom_ops" / "tflm" / "register.h"


def test_cpp_and_python_list_the_same_operators() -> None:
    body = re.search(r"#define KWS_CUSTOM_OPERATORS\(X\)(.*?)\n\n", REGISTER.read_text(encoding="utf-8"), re.DOTALL)
    assert body is not None
    assert {f"KWS_{name}" for name in re.findall(r"X\((\w+)\)", body[1])} == set(CUSTOM_OPERATORS)
