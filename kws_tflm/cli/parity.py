"""Follow one recording through every stage and name the first that differs, where and by how much.

Stages: float features, fixed-point features, Keras, dense .tflite in tf.lite, host TFLM, sparse .tflite
in host TFLM, and the firmware on the virtual board. Float and fixed features may differ by one int8 step,
Keras and int8 are reported, everything else must be the same byte for byte. Exit code 1 if it is not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import RunFolder, find_config, find_model, find_run, newest_run, read_model
from kws_tflm.cli.firmware import add_build_arguments, build_image, class_names
from kws_tflm.cli.output import add_json, print_json, table
from kws_tflm.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kws_tflm.config import Config
    from kws_tflm.evaluate.parity import ParityReport
    from kws_tflm.evaluate.parity_stages import BoardTrace, Sources
    from kws_tflm.evaluate.second_opinion import SecondOpinion

EXAMPLE = "example: kws-tflm parity recording.wav --run runs/ten_words-0123456789ab"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("audio", metavar="AUDIO", help="16 kHz mono wav of at least one model window")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--run", type=Path, dest="run_dir", metavar="DIR", help="run folder; the newest if left out")
    what.add_argument("--model", type=Path, metavar="FILE", help="a .tflite alone (no Keras stage)")
    parser.add_argument("--elf", type=Path, metavar="FILE", help="firmware image to use instead of building one")
    parser.add_argument("--no-board", action="store_true", help="leave the virtual board out")
    parser.add_argument("--qemu", action="store_true", help="compare each operator with QEMU as well")
    add_build_arguments(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the stages, compare, report."""
    from kws_tflm.data import read_wav

    config, sources, deployed = _sources(args)
    pcm = read_wav(args.audio, min_samples=config.features.clip_samples)
    elf = None
    if not args.no_board:
        elf = args.elf or build_image(deployed, args).elf
    report = follow(pcm, sources, elf)
    opinion = _second_opinion(pcm, sources) if args.qemu else None
    if args.json:
        extra = {"second_opinion": opinion.to_dict()} if opinion else {}
        print_json({"audio": args.audio, "config": config.hash, **report.to_dict(), **extra})
    else:
        print(render(report))
        if opinion:
            print(opinion.verdict)
    return 0 if report.first_failure is None and not (opinion and opinion.disagreements) else 1


def follow(pcm: NDArray[np.int16], sources: Sources, elf: Path | None) -> ParityReport:
    """Run every stage that is there and compare; progress goes to standard error."""
    import dataclasses

    from kws_tflm.evaluate.parity import BOARD, compare
    from kws_tflm.evaluate.parity_stages import real_backends, run_stages

    if elf is not None:
        sources = dataclasses.replace(
            sources, board=lambda recording: _board(elf, recording, sources.config, sources.labels)
        )
    else:
        sources = dataclasses.replace(sources, absent={**sources.absent, BOARD: "left out"})
    return compare(run_stages(pcm, sources, real_backends(), lambda stage: print(f"  {stage}", file=sys.stderr)))


def follow_run(pcm: NDArray[np.int16], run: RunFolder, elf: Path | None) -> ParityReport:
    """Parity of a converted run."""
    return follow(pcm, run_sources(run, run.config()), elf)


def run_sources(run: RunFolder, config: Config) -> Sources:
    """The stages of a run folder."""
    from kws_tflm.evaluate.parity import KERAS
    from kws_tflm.evaluate.parity_stages import Sources

    if not run.dense.is_file() or not run.sparse.is_file():
        raise ModelError(f"{run.path}: is not converted yet; run 'kws-tflm convert {run.path}' first")
    keras, absent = None, {}
    if (run.path / "qat.npz").is_file():
        keras = _keras(run.path)
    else:
        absent[KERAS] = "no QAT model in this run folder"
    return Sources(config, config.labels, read_model(run.dense), read_model(run.sparse), keras, None, absent)


def model_sources(path: Path, config_file: str | None, labels: list[str] | None) -> Sources:
    """The stages of a `.tflite` alone: dense if `tf.lite` knows all its operators, else sparse."""
    from kws_tflm import config as configuration
    from kws_tflm.evaluate.parity import DENSE, KERAS, TFLM_DENSE, TFLM_SPARSE
    from kws_tflm.evaluate.parity_stages import Sources
    from kws_tflm.firmware.generate import read_application

    application = read_application(path, configuration.load(config_file) if config_file else None, labels)
    model = application.model.data
    absent = {KERAS: "a .tflite alone was given"}
    if application.model.custom_operators:
        absent[DENSE] = absent[TFLM_DENSE] = "the model has custom operators, which tf.lite does not know"
        return Sources(application.config, application.labels, None, model, None, None, absent)
    absent[TFLM_SPARSE] = "the model has no custom operator"
    return Sources(application.config, application.labels, model, None, None, None, absent)


def render(report: ParityReport) -> str:
    """The report as a table and a verdict."""
    rows = [
        [
            c.what,
            c.first,
            c.second,
            c.compared,
            c.differing,
            c.largest,
            " at ".join(filter(None, (c.verdict, c.where))),
        ]
        for c in report.comparisons
    ]
    lines = [table(rows, ["what", "stage", "next stage", "compared", "differ", "largest", "result"])]
    lines += [f"not run: {stage} ({reason})" for stage, reason in report.absent.items()]
    lines += [f"note: {note}" for note in report.notes]
    return "\n".join([*lines, "", report.verdict])


def _sources(args: argparse.Namespace) -> tuple[Config, Sources, Path]:
    """(configuration, stages, model to deploy)."""
    if args.model is not None:
        path = find_model(args.model)
        sources = model_sources(path, args.config, class_names(args))
        return sources.config, sources, path
    run = newest_run() if args.run_dir is None else find_run(args.run_dir)
    if run is None:
        raise ModelError("no run found; name one with --run, or a model with --model")
    config = find_config(run.path, args.config)
    return config, run_sources(run, config), run.sparse


def _board(elf: Path, pcm: NDArray[np.int16], config: Config, labels: tuple[str, ...]) -> BoardTrace:
    """The firmware's taps and console for a recording."""
    import numpy as np

    from kws_tflm.cli.session import listen
    from kws_tflm.evaluate.parity_stages import BoardTrace

    heard = listen(elf, pcm)
    taps = heard.recorder
    shape = (-1, config.features.n_frames, config.features.n_features)
    events = np.frombuffer(b"".join(taps.detections), [("sample", "<u8"), ("label", "<u4"), ("permille", "<u4")])
    return BoardTrace(
        columns=np.frombuffer(b"".join(taps.columns), np.int16).reshape(-1, config.features.n_features),
        inputs=np.frombuffer(b"".join(taps.inputs), np.int8).reshape(shape),
        outputs=np.frombuffer(b"".join(taps.outputs), np.int8).reshape(-1, len(labels)),
        detections=tuple((labels[int(e["label"])], int(e["permille"]), int(e["sample"])) for e in events),
        console=tuple((d.word, round(d.score * 1000), d.sample) for d in heard.detections),
        lost_hops=heard.totals()["overruns"] or 0,
    )


def _second_opinion(pcm: NDArray[np.int16], sources: Sources) -> SecondOpinion:
    """The models of `sources` on windows of the recording, under QEMU too."""
    from kws_tflm.evaluate.second_opinion import of_recording, second_opinion

    models = {"dense": sources.dense, "sparse": sources.sparse}
    present = {name: data for name, data in models.items() if data is not None}
    return second_opinion(of_recording(pcm, present, sources.config))


def _keras(run_dir: Path) -> Any:
    def scores(features: NDArray[np.int16]) -> Any:
        from kws_tflm.train import last_stage, load_model, open_run
        from kws_tflm.train.source import as_model_input

        model = load_model(run_dir, last_stage(open_run(run_dir).config))
        return model.predict(as_model_input(features), batch_size=64, verbose=0)

    return scores
