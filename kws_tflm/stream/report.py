"""The result of `stream score` for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kws_tflm.cli.output import pairs, table

_ROWS = 14
Row = Mapping[str, Any]


def report_text(report: Row, apply: bool) -> str:
    """The rule, the table of thresholds, the choice, what was written, what the board said.

    Args:
        report: what `--json` prints.
        apply: the choice was to be written.
    """
    rule, configured, chosen = report["rule"], report["configured"], report["chosen"]
    lines = [
        f"{report['model']} on {report['audio']}: {report['hours']:.3f} hours, {configured['said']} words that it "
        f"knows, {report['inferences']} inferences",
        f"heard: detected from its start to {rule['window_ms']} ms after its end, once; every other detection is a "
        f"false alarm; {rule['refractory_ms']} ms refractory time",
        "",
        _table(report["points"], configured, chosen),
        "",
    ]
    if chosen is not None:
        lines.append(f"chosen: threshold {chosen['threshold']:.3f}, smoothing {chosen['smoothing']}")
        heard = "  ".join(f"{word} {n['heard']}/{n['said']}" for word, n in report["words"].items())
        facts = {**_facts(chosen), "heard": heard, "median delay": _delay(report["median_delay_ms"])}
        if report["snr_bands"]:
            facts["heard by SNR"] = "  ".join(_band(band) for band in report["snr_bands"])
        lines.append(pairs(facts))
    elif configured["said"]:
        least = min(p["false_alarms_per_hour"] for p in report["points"])
        lines.append(
            f"no setting has at most {rule['max_false_alarms_per_hour']:g} false alarms an hour; the fewest are "
            f"{least:.2f}" + ("; nothing written" if apply else "")
        )
    else:
        lines.append("the stream says no word that the model knows: only false alarms were counted")
    if apply and chosen is not None:
        lines += [f"changed: {path}" for path in report["applied"]] or ["unchanged: the model has these settings"]
        lines.append(
            f"for later runs write into the experiment file: [detector] threshold = {chosen['threshold']:g}, "
            f"smoothing = {chosen['smoothing']}"
        )
    if "board" in report:
        lines.append(_board(report["board"]))
    return "\n".join(lines)


def _table(points: Sequence[Row], configured: Row, chosen: Row | None) -> str:
    """About a dozen of the points of the chosen (else configured) smoothing, and the two that matter."""
    smoothing = (chosen or configured)["smoothing"]
    line = [p for p in points if p["smoothing"] == smoothing]
    shown = [p for i, p in enumerate(line) if i % max(1, len(line) // _ROWS) == 0]
    for marked in (configured, chosen):
        if marked is not None and marked not in shown:
            shown.append(marked)
    rows = []
    for p in sorted(shown, key=lambda p: (p["threshold"], p["smoothing"])):
        mark = " ".join(name for name, it in (("configured", configured), ("chosen", chosen)) if it == p)
        kinds = p["kinds"]
        rows.append(
            [f"{p['threshold']:.3f}", p["smoothing"], p["missed"], _percent(p["miss_rate"]), p["false_alarms"],
             f"{p['false_alarms_per_hour']:.2f}", kinds["no_word"], kinds["unknown_word"], kinds["confused"],
             kinds["repeated"], mark]
        )  # fmt: skip
    heads = ["threshold", "smoothing", "missed", "misses", "false", "an hour", "no word", "other word", "confused",
             "repeated", ""]  # fmt: skip
    return table(rows, heads)


def _facts(p: Row) -> dict[str, str]:
    low, high = p["miss_rate_limits"]
    few, many = p["false_alarms_per_hour_limits"]
    return {
        "misses": f"{p['missed']} of {p['said']}, {_percent(p['miss_rate'])} "
        f"(95 %: {_percent(low)} to {_percent(high)})",
        "false alarms": f"{p['false_alarms_per_hour']:.2f} an hour (95 %: {few:.2f} to {many:.2f})",
    }


def _band(band: Row) -> str:
    return f"{band['from_db']} to {band['to_db']} dB {band['heard']}/{band['said']}"


def _board(board: Row) -> str:
    if board["same"]:
        return (
            f"virtual board, first {board['seconds']:g} s: the same {len(board['board'])} detections and the same "
            f"scores in {board['inferences']} inferences"
        )
    what = "other scores" if not board["same_outputs"] else "the same scores, other detections"
    return f"virtual board, first {board['seconds']:g} s: DIFFERS: {what}; board {board['board']}, host {board['host']}"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}%"


def _delay(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.0f} ms after the end of the word"
