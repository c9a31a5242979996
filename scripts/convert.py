#!/usr/bin/env python3
"""Thin door to `kws-tflm convert`; uses the project's own environment whichever Python starts it."""

import os
import sys
from pathlib import Path

VENV_PYTHON = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"

if __name__ == "__main__":
    if not VENV_PYTHON.exists():
        sys.exit("scripts/convert.py: no .venv here; run 'make setup' first")
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", "kws_tflm.cli.main", "convert", *sys.argv[1:]])
