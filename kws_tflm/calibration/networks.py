"""The MLPerf Tiny keyword spotter with our kernels between published latencies of other engines."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from kws_tflm.calibration.rows import Row

PUBLISHED = Path(__file__).with_name("published_networks.toml")


def run(model: Path) -> list[Row]:
    """One row for each published latency and each set of kernels that can be built here.

    Args:
        model: the reference model of MLPerf Tiny keyword spotting (int8, 2.66 M MAC); others are compared
            with figures that are not theirs.

    Raises:
        KwsError: the model cannot be profiled.
    """
    from kws_tflm.profile import profile_model

    kernels = ("m7", "cmsis_nn") if os.environ.get("CMSIS_NN_ROOT") else ("m7",)
    bounds = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))["bound"]
    rows = []
    for name in kernels:
        totals = profile_model(model, kernels=name).to_json()["total"]
        rows += [
            Row(
                group="networks",
                name=f"{name} kernels beside {bound['name']}",
                predicted=float(totals["cycles"]),
                published=float(bound["cycles"]),
                source=bound["source"],
                basis="measured",
                scored=False,
                instructions=int(totals["instructions"]),
                note="other kernels: a bound, not a prediction",
            )
            for bound in bounds
        ]
    return rows
