"""Score a model on a labelled stream: false alarms an hour against misses, and the threshold to choose.

MODEL is a .tflite or a run folder. The firmware's own front end, model and detector run on the host; the scores
are computed once and played through the detector at every threshold. A word counts as heard when it is detected
between its start and --window after its end; every other detection is a false alarm. --apply writes the chosen
threshold and smoothing into the model, from where the next firmware build takes them. Exit code 1: no setting
meets --max-false-alarms-per-hour, or the board differs.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kws_tflm.config import DetectorConfig
    from kws_tflm.firmware.generate import Application
    from kws_tflm.stream.board import BoardCheck
    from kws_tflm.stream.events import Outcome
    from kws_tflm.stream.scores import RecordedScores
    from kws_tflm.stream.sweep import Point

_MOST_SMOOTHING = 16  # kws::Detector::kMaxSmoothing

EXAMPLE = "example: kws-tflm stream score sparse.tflite build/stream.wav --plot det.png --apply"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument("model", metavar="MODEL", help=".tflite or run folder")
    parser.add_argument("audio", type=Path, metavar="WAV", help="the stream")
    parser.add_argument("--labels", type=Path, metavar="JSON", help="its labels; WAV with .json if left out")
    parser.add_argument("--config", metavar="FILE", help="experiment file, for a model without one inside")
    parser.add_argument("--classes", metavar="A,B,...", help="class names of a foreign model, in output order")
    parser.add_argument("--window", type=float, default=1.0, metavar="SECONDS", help="after a word, to be heard in")
    parser.add_argument("--smoothing", metavar="N,N,...", help="also sweep these; the model's own if left out")
    parser.add_argument("--max-false-alarms-per-hour", type=float, default=1.0, metavar="N", help="bound of the choice")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the curve")
    parser.add_argument("--apply", action="store_true", help="write the choice into the model or run folder")
    parser.add_argument("--board", type=float, metavar="SECONDS", help="compare so many on the virtual board")
    parser.add_argument("--out", type=Path, metavar="FILE", help="of --apply: a changed copy, the model stays as it is")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Check the inputs, compute the scores, sweep, choose, then write."""
    from kws_tflm.cli.artefacts import find_model
    from kws_tflm.data import read_wav
    from kws_tflm.stream.apply import apply_detector
    from kws_tflm.stream.labels import read_labels
    from kws_tflm.stream.report import report_text
    from kws_tflm.stream.scores import record_scores
    from kws_tflm.stream.sweep import choose, outcome, point, sweep

    smoothings = _smoothings(args.smoothing)
    late = _positive(args.window, "--window", "seconds")
    _positive(args.max_false_alarms_per_hour, "--max-false-alarms-per-hour", "a rate")
    if args.out is not None and not args.apply:
        raise ConfigError("--out is where --apply writes; add --apply")
    if args.board is not None:
        _positive(args.board, "--board", "seconds")
    model = find_model(args.model)
    application = _application(model, args)
    if args.apply:
        _require_writable(model, application, args)
    pcm = read_wav(args.audio)
    labels = read_labels(args.labels or args.audio.with_suffix(".json"), pcm, args.audio)
    recorded = record_scores(application.model.data, application.config, pcm, application.labels, where=str(model))
    late_samples = round(late * application.config.features.sample_rate)
    base = application.config.detector
    points = sweep(recorded, labels, smoothings, late=late_samples)
    configured = point(recorded, labels, base, late_samples)
    chosen = choose(points, args.max_false_alarms_per_hour) if configured.said else None
    if args.apply and not configured.said:
        raise DataError(
            f"{args.audio}: says no word that {model} knows, so no threshold can be chosen; nothing written"
        )
    detector = chosen.detector(base) if chosen is not None else base
    result = outcome(recorded, labels, detector, late_samples)
    report = _report(model, args, recorded, late, points, configured, chosen, result)
    if args.plot:
        from kws_tflm.report.det_curve import draw_det_curve

        title = f"{model.name} on {args.audio.name}: {recorded.hours:.2f} h, {configured.said} words"
        draw_det_curve(points, args.plot, title, recorded.hours, chosen, configured)
    if args.apply and chosen is not None:
        target = model if args.out else Path(args.model)
        own = application.config if application.config_hash != "none" else None
        report["applied"] = [str(path) for path in apply_detector(target, detector, own, args.out)]
    if args.board is not None:
        played = args.out if args.out and report["applied"] else model
        check = _on_board(played, args, pcm, recorded, detector if args.apply else base)
        report["board"] = {**asdict(check), "same": check.same}
    if args.json:
        print_json(report)
    else:
        print(report_text(report, args.apply))
    met = chosen is not None or not configured.said
    return 0 if met and report.get("board", {}).get("same", True) else 1


def _report(
    model: Path,
    args: argparse.Namespace,
    recorded: RecordedScores,
    late: float,
    points: list[Point],
    configured: Point,
    chosen: Point | None,
    result: Outcome,
) -> dict[str, Any]:
    """What --json prints; `words`, `snr_bands` and the delay are those of `chosen`, else of `configured`."""
    from kws_tflm.stream.events import SNR_BAND_DB
    from kws_tflm.stream.sweep import median_delay_ms

    base = recorded.config.detector
    return {
        "model": str(model),
        "audio": str(args.audio),
        "hours": recorded.hours,
        "inferences": len(recorded.outputs),
        "rule": {
            "window_ms": round(1000 * late),
            "refractory_ms": base.refractory_ms,
            "hops_per_inference": base.hops_per_inference,
            "max_false_alarms_per_hour": args.max_false_alarms_per_hour,
            "confidence": 0.95,
        },
        "configured": configured.to_dict(),
        "chosen": chosen.to_dict() if chosen is not None else None,
        "words": {word: {"heard": heard, "said": said} for word, (heard, said) in result.words().items()},
        "snr_bands": [
            {"from_db": low, "to_db": low + SNR_BAND_DB, "heard": heard, "said": said}
            for low, (heard, said) in result.snr_bands().items()
        ],
        "median_delay_ms": median_delay_ms(result, recorded.config.features.sample_rate),
        "points": [p.to_dict() for p in points],
        "applied": [],
    }


def _application(model: Path, args: argparse.Namespace) -> Application:
    """Model, configuration and class names, as the firmware's build matches them."""
    from kws_tflm import config as configuration
    from kws_tflm.cli.firmware import class_names
    from kws_tflm.firmware.generate import read_application

    return read_application(model, configuration.load(args.config) if args.config else None, class_names(args))


def _require_writable(model: Path, application: Application, args: argparse.Namespace) -> None:
    """The model is the user's, and has (or --config gives it) a configuration that says the same as --classes."""
    if args.out is None and not Path(args.model).exists():
        raise ConfigError(f"'{args.model}' is a shipped model; add --out FILE to --apply to get a changed copy")
    if application.config_hash == "none":
        raise ConfigError(f"{model}: carries no configuration for --apply; name its experiment file with --config")
    if application.labels != application.config.labels:
        raise ConfigError(
            f"{model}: --apply would embed a configuration with the classes {','.join(application.config.labels)}, "
            "which are not those of --classes; correct data.words in the experiment file"
        )


def _on_board(
    model: Path,
    args: argparse.Namespace,
    pcm: NDArray[np.int16],
    recorded: RecordedScores,
    detector: DetectorConfig,
) -> BoardCheck:
    """Build the firmware of `model` and compare the first --board seconds."""
    from kws_tflm import config as configuration
    from kws_tflm.cli.firmware import class_names
    from kws_tflm.firmware import build
    from kws_tflm.stream.board import check_on_board

    config = configuration.load(args.config) if args.config else None
    image = build(model, config=config, labels=class_names(args))
    return check_on_board(image.elf, pcm, recorded, detector, args.board)


def _smoothings(text: str | None) -> list[int] | None:
    """What --smoothing names; ConfigError unless whole numbers from 1 to 16."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= _MOST_SMOOTHING for part in parts):
        raise ConfigError(f"--smoothing {text}: give whole numbers from 1 to {_MOST_SMOOTHING}, as 1,2,3")
    return sorted({int(part) for part in parts})


def _positive(value: float, option: str, what: str) -> float:
    if not 0 <= value < float("inf"):
        raise ConfigError(f"{option} {value:g}: give {what}, zero or more")
    return value
