"""Write the committed tables of the default configuration: ``python -m kws_tflm.features.generate [FOLDER]``."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from kws_tflm.config import FeatureConfig
from kws_tflm.features.codegen import write_cpp, write_header
from kws_tflm.features.tables import make_tables

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "stm32f7_app" / "core" / "features"


def feature_hash(config: FeatureConfig) -> str:
    """First 12 hex digits of the SHA-256 of the canonical JSON of the feature section alone."""
    canonical = json.dumps(asdict(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def default_files() -> dict[str, str]:
    """File name -> text of the tables for the default `FeatureConfig`."""
    config = FeatureConfig()
    tables, digest = make_tables(config), feature_hash(config)
    guard = "KWS_STM32F7_APP_CORE_FEATURES_DEFAULT_TABLES_H_"
    return {
        "default_tables.cc": write_cpp(tables, digest),
        "default_tables.h": write_header(tables, digest, guard),
    }


def main(argv: list[str]) -> int:
    """Write both files into ``argv[0]``, or into the source tree."""
    folder = Path(argv[0]) if argv else DEFAULT_FOLDER
    for name, text in default_files().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
