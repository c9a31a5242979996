"""The demo's summary: a JSON file for programs, and the same as text for people."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def write_summary(path: Path, summary: dict[str, Any]) -> str:
    """Write `summary` to `path` and return it as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return render(summary)


def render(summary: dict[str, Any]) -> str:
    """The summary as text: what was heard, how good, how large, how fast, and how to go on."""
    words, firmware, accuracy = summary["words"], summary["firmware"], summary["accuracy"]
    first_line = ", ".join(f"{words[name]} {name}" for name in ("said", "heard", "missed", "false"))
    wrong = []
    if summary["missed_words"]:
        wrong.append("missed " + " ".join(summary["missed_words"]))
    if summary["false_words"]:
        wrong.append("false " + " ".join(summary["false_words"]))
    voices = ", ".join(f"{name} {counts['heard']} of {counts['said']}" for name, counts in summary["voices"].items())
    size = ", ".join(f"{name} {model['bytes'] / 1024:.1f} KiB" for name, model in summary["models"].items())
    rows = {
        "words": first_line + (f" ({'; '.join(wrong)})" if wrong else ""),
        "heard of": voices,
        "accuracy": ", ".join(f"{name} {value:.2%}" for name, value in accuracy.items()) + " (test clips)",
        "models": size,
        "firmware": f"{firmware['flash_bytes'] / 1024:.1f} KiB flash, "
        f"arena {firmware['arena_used']} of {firmware['arena_bytes']} bytes",
        "an inference": f"{summary['instructions_per_inference'] / 1e6:.2f} M instructions, "
        f"{summary['cycles_per_inference'] / 1e6:.2f} M modelled cycles",
        "overruns": str(summary["overruns"]),
        "parity": summary["parity"]["verdict"],
        "time": f"{sum(summary['seconds'].values()):.0f} s ("
        + ", ".join(f"{name} {seconds:.0f}" for name, seconds in summary["seconds"].items())
        + ")",
    }
    width = max(len(name) for name in rows)
    lines = ["", "Summary", *(f"  {name.ljust(width)}  {value}" for name, value in rows.items()), "", "Go on"]
    for command, what in next_steps(summary):
        lines.append(f"  {command}")
        lines.append(f"      {what}")
    return "\n".join(lines)


def next_steps(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Commands that lead further, with what each does."""
    kws = "kws-tflm" if shutil.which("kws-tflm") else ".venv/bin/kws-tflm"
    return [
        (f"open {summary['timeline']}", "what was said and heard, over the waveform"),
        (f"{kws} run {summary['run']} your.wav", "play your own recording (16 kHz, mono) into the virtual board"),
        (f"{kws} flash {summary['run']}", f"write the firmware to a connected board; then: {kws} monitor"),
        (f"{kws} parity {summary['stream']} --run {summary['run']}", "every stage from float features to the board"),
        (f"{kws} train --config configs/speech_commands.toml --data DIR --download", "train on real recordings"),
    ]
