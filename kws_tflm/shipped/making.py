"""Makes the card of a run by measuring it, and puts model and card into a folder."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import kws_tflm
from kws_tflm import shipped
from kws_tflm.config import Config
from kws_tflm.convert import inspect
from kws_tflm.errors import MismatchError, ModelError
from kws_tflm.evaluate.recordings import Clips
from kws_tflm.evaluate.stages import DENSE, SPARSE, StageResult, Subject, evaluate_stages, read_subject
from kws_tflm.firmware import FirmwareImage, build
from kws_tflm.firmware.toolchain import Progress, show
from kws_tflm.profile import ModelProfile, profile_model
from kws_tflm.profile.result import milliseconds
from kws_tflm.shipped.card import Card, DataCard, LayerCard, SeedCard, read_card
from kws_tflm.shipped.page import card_page, index_page
from kws_tflm.train.report import git_state
from kws_tflm.train.storage import write_atomic, write_json

OFFICIAL_TEST_CLIPS = 4890
"""Recordings of the official 12-class test set of Speech Commands v0.02."""
SPEECH_COMMANDS_PAPER = (
    "Pete Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, arXiv:1804.03209"
)
CC_BY = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
_STAGES = {"int8 dense": "int8", "int8 sparse": "sparse"}

LoadClips = Callable[[Subject], Clips]
"""A run -> its labelled test features."""


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the recordings come from, as far as a card says it."""

    official_test: bool
    """The test recordings are the official 12-class test set, or some of it."""
    test_name: str
    """What to call them otherwise."""
    speech_commands: bool
    """The training recordings are Speech Commands v0.02."""

    def test(self, clips: int) -> str:
        """The test recordings in words."""
        if not self.official_test:
            return f"{clips:,} recordings of {self.test_name}"
        official = "the official 12-class test set of Speech Commands v0.02"
        if clips == OFFICIAL_TEST_CLIPS:
            return f"{official}, all {clips:,} recordings"
        return f"a subset of {official}: {clips:,} of its {OFFICIAL_TEST_CLIPS:,} recordings"

    def data(self, config: Config, training_clips: dict[str, int]) -> DataCard:
        """The training recordings in words."""
        if config.data.kind == "synthetic":
            return DataCard(
                "Synthetic voices", "no recordings of anybody", "made by kws-tflm with espeak-ng", training_clips
            )
        if not self.speech_commands:
            return DataCard("Own recordings", "licence not known", "not from Speech Commands", training_clips)
        spoken = getattr(config.data, "synthetic_voices", 0)
        more = f"; joined by {spoken} clips a word of synthetic voices (espeak-ng)" if spoken else ""
        return DataCard("Speech Commands v0.02", CC_BY, f"{SPEECH_COMMANDS_PAPER}{more}", training_clips)


def make_card(
    name: str,
    run: Path,
    seeds: Sequence[Path],
    load: LoadClips,
    sources: Sources,
    *,
    out_dir: Path | None = None,
    progress: Progress = show,
) -> Card:
    """Measure the converted run in the folder `run`.

    Args:
        name: of the model that will be shipped.
        run: its folder, with all stages, dense.tflite, sparse.tflite and report.json.
        seeds: folders of runs that differ from it in nothing but the seed.
        load: gives the test features of a run.
        sources: what they are, and what the run was trained on.
        out_dir: build folder, default `build/firmware` in the project.
        progress: takes short lines about what is going on.

    Raises:
        ModelError: a part of a run is missing, or the model is too large to ship.
        MismatchError: a run of `seeds` is another experiment.
        And what evaluation, profile and firmware raise.
    """
    subject = _complete(run)
    config = _config(subject)
    others = [_complete(path) for path in seeds]
    for other in others:
        _require_same_experiment(config, _config(other), other.path)
    model = (run / SPARSE).read_bytes()
    if len(model) >= shipped.LARGEST:
        raise ModelError(f"{run / SPARSE}: {len(model)} bytes; a shipped model is below {shipped.LARGEST}")
    report = _report(run)
    clips = load(subject)
    progress("accuracy of every stage")
    stages = evaluate_stages(subject, clips)
    board = evaluate_stages(subject, clips, "board", out_dir)[0]
    spread = [SeedCard(config.seed, config.hash, _accuracies(stages))]
    for other in others:
        progress(f"accuracy of {other.path.name}")
        accuracies = _accuracies(evaluate_stages(other, load(other)))
        spread.append(SeedCard(_config(other).seed, _config(other).hash, accuracies))
    profile = profile_model(run / SPARSE, out_dir=out_dir, progress=progress)
    image = build(run / SPARSE, out_dir=out_dir, progress=progress)
    progress("")
    return _card(name, config, model, stages, board, spread, profile, image, sources, report)


def write_model(card: Card, model: Path, folder: Path) -> None:
    """Put the model, its card and its page into `folder`, and write the folder's table anew."""
    write_atomic(folder / f"{card.name}.tflite", model.read_bytes())
    write_json(folder / f"{card.name}.json", card.to_dict())
    write_atomic(folder / f"{card.name}.md", card_page(card).encode())
    cards = [read_card(path.stem, folder) for path in sorted(folder.glob("*.tflite"))]
    write_atomic(folder / "README.md", index_page(cards).encode())


def _card(
    name: str,
    config: Config,
    model: bytes,
    stages: Sequence[StageResult],
    board: StageResult,
    spread: Sequence[SeedCard],
    profile: ModelProfile,
    image: FirmwareImage,
    sources: Sources,
    report: dict[str, Any],
) -> Card:
    sparse = stages[-1].evaluation
    state = git_state(Path(__file__).parent) or {"commit": None, "modified": False}
    made = {"date": datetime.date.today().isoformat(), "version": kws_tflm.__version__, **state}
    return Card(
        name=name,
        labels=config.labels,
        config_name=config.name,
        config_hash=config.hash,
        seed=config.seed,
        architecture=config.to_dict()["model"],
        data=sources.data(config, report["clips"]["train"]),
        test_data=sources.test(sparse.result.clips),
        test_clips=sparse.result.clips,
        accuracy=_accuracies(stages) | {"board": board.evaluation.accuracy},
        board_differs=board.differing or 0,
        per_class={label: dataclasses.asdict(result) for label, result in sparse.classes.items()},
        expected_calibration_error=sparse.reliability.expected_calibration_error,
        seeds=tuple(spread),
        layers=_layers(model, profile),
        board=profile.board,
        kernels=profile.kernels,
        cycles=profile.total.cycles,
        instructions=profile.total.instructions,
        milliseconds=milliseconds(profile.total.cycles),
        flash_bytes=image.flash_bytes,
        arena_bytes=image.arena_used or image.arena_bytes,
        ram_bytes=image.data_bytes + image.bss_bytes,
        model_bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        made=made | {"trained": report.get("git")},
    )


def _layers(model: bytes, profile: ModelProfile) -> tuple[LayerCard, ...]:
    return tuple(
        LayerCard(op.index, op.operator, op.output, op.weights, round(op.sparsity, 4), measured.counts.cycles)
        for op, measured in zip(inspect(model).operators, profile.operators, strict=True)
    )


def _accuracies(stages: Sequence[StageResult]) -> dict[str, float]:
    return {_STAGES.get(result.name, result.name): result.evaluation.accuracy for result in stages}


def _complete(run: Path) -> Subject:
    """The run, which has every stage."""
    for file in ("float.npz", "qat.npz", DENSE, SPARSE):
        if not (run / file).is_file():
            raise ModelError(f"{run}: has no {file}; train it to the end, then 'kws-tflm convert {run}'")
    return read_subject(run)


def _config(subject: Subject) -> Config:
    assert subject.config is not None  # a run has one
    return subject.config


def _require_same_experiment(first: Config, other: Config, where: Path) -> None:
    wanted, found = (dataclasses.replace(config, seed=0, name="") for config in (first, other))
    if wanted.hash != found.hash:
        raise MismatchError(f"{where}: is another experiment, not this one with another seed; leave it out")
    if first.seed == other.seed:
        raise MismatchError(f"{where}: has the same seed, {other.seed}; name runs with other seeds")


def _report(run: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads((run / "report.json").read_text(encoding="utf-8"))
        report["clips"]["train"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{run}: its report.json is missing or damaged; train again to write it") from None
    return report
