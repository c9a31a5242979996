"""An evaluation as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kws_tflm.cli.output import table

if TYPE_CHECKING:
    from kws_tflm.evaluate.evaluation import Evaluation
    from kws_tflm.evaluate.recordings import Clips
    from kws_tflm.evaluate.stages import StageResult, Subject


def evaluation_text(subject: Subject, clips: Clips, results: tuple[StageResult, ...]) -> str:
    """Each class of each stage, then words, confusion and reliability of the last stage."""
    last = results[-1]
    parts = [f"{subject.path}: {last.evaluation.result.clips} clips; {clips.source}"]
    if len(results) > 1:
        parts.append(_stages(results))
    parts.append(f"{last.name}, {last.runner}: {last.evaluation.accuracy:.2%}\n\n{_words(last.evaluation)}")
    parts.append(f"true class in rows, prediction in columns\n\n{_confusion(last.evaluation)}")
    parts.append(_reliability(last.evaluation))
    parts += [verdict for verdict in map(_compared, results) if verdict]
    return "\n\n".join(parts)


def _stages(results: tuple[StageResult, ...]) -> str:
    rows = [["all", *(f"{result.evaluation.accuracy:.2%}" for result in results)]]
    for label in results[0].evaluation.classes:
        rows.append([label, *(_share(result.evaluation.classes[label].recall) for result in results)])
    rows.append(["calibration error", *(_share(r.evaluation.reliability.expected_calibration_error) for r in results)])
    return table(rows, ["class", *(result.name for result in results)])


def _words(evaluation: Evaluation) -> str:
    rows = [
        [label, result.n, _share(result.recall), _share(result.precision), _share(result.f1)]
        for label, result in evaluation.classes.items()
    ]
    return table(rows, ["class", "clips", "recall", "precision", "F1"])


def _confusion(evaluation: Evaluation) -> str:
    labels = evaluation.result.labels
    rows = [
        [label, *(count or "" for count in row)] for label, row in zip(labels, evaluation.result.confusion, strict=True)
    ]
    return table(rows, ["", *labels])


def _reliability(evaluation: Evaluation) -> str:
    found = evaluation.reliability
    direction = "less" if found.mean_confidence < evaluation.accuracy else "more"
    return (
        f"reliability: scores say {found.mean_confidence:.1%}, {direction} than the {evaluation.accuracy:.1%} that is "
        f"right; expected calibration error {found.expected_calibration_error:.1%}, Brier score {found.brier:.3f}"
    )


def _compared(result: StageResult) -> str | None:
    if result.differing is None:
        return None
    clips = result.evaluation.result.clips
    if result.differing:
        return f"virtual board: {result.differing} of {clips} outputs are NOT those of the host"
    return f"virtual board: all {clips} outputs are those of the host, byte for byte ({result.seconds:.0f} s)"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
