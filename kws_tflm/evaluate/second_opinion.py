"""A second opinion on the emulated processor: the same program under QEMU, on the virtual board and on the host.

One program (stm32f7_app/second_opinion) with TFLM, the firmware's kernels and its front end computes given vectors and
prints the output of every operator and every feature column through semihosting. It is linked twice from the same
objects, for the STM32F767 of the virtual board and for QEMU's `mps2-an500`, the machine with a Cortex-M7 that QEMU has.
The host library computes the same. All bytes must agree; the first that do not are named.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_tflm.config import Config
from kws_tflm.errors import BoardError, ToolMissingError
from kws_tflm.evaluate.second_opinion_vectors import Key, ModelVectors, Vectors, pack, place, rows
from kws_tflm.firmware.toolchain import Progress, show

QEMU = "qemu-system-arm"
QEMU_MACHINE = "mps2-an500"
QEMU_LINE = "sudo apt-get install --no-install-recommends qemu-system-arm"
QEMU_TIMEOUT_SECONDS = 300.0
BOARD_SECONDS = 3600.0
"""Virtual time after which a program is taken to hang."""
RECORDING_SECONDS, RECORDING_WINDOWS = 10, 4
"""Of a recording, as much as the second opinion looks at."""
HOST, BOARD, SECOND = "host library", "virtual board", f"QEMU {QEMU_MACHINE}"
_KINDS = {"operator": 3, "column": 2}

Outputs = Mapping[Key, bytes]


@dataclass(frozen=True)
class Images:
    """The program, linked for both machines."""

    board: Path
    qemu: Path


@dataclass(frozen=True)
class Disagreement:
    """The first place where `other` leaves `reference`."""

    reference: str
    other: str
    where: str
    """Model, input and operator, or clip and column, with the first values that differ."""
    differing: int
    """Outputs (of operators, columns) that differ in all."""


@dataclass(frozen=True)
class SecondOpinion:
    """Whether all three agree."""

    operators: int
    """Operator outputs compared, over all models and inputs."""
    columns: int
    """Feature columns compared."""
    compared_bytes: int
    disagreements: tuple[Disagreement, ...]

    @property
    def verdict(self) -> str:
        """One line."""
        if not self.disagreements:
            return (
                f"{HOST}, {BOARD} and {SECOND} agree on {self.operators} operator outputs and {self.columns} feature "
                f"columns ({self.compared_bytes} bytes)"
            )
        first = self.disagreements[0]
        return f"{first.other} differs from {first.reference}: {first.where}; {first.differing} outputs differ in all"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "same": not self.disagreements,
            "verdict": self.verdict,
            "operators": self.operators,
            "columns": self.columns,
            "bytes": self.compared_bytes,
        }


def second_opinion(vectors: Vectors, folder: Path | None = None, progress: Progress = show) -> SecondOpinion:
    """Compute `vectors` in all three places and compare.

    Args:
        vectors: models with inputs, clips; together less than the flash of the STM32F767.
        folder: build folder, default `build/second_opinion` in the project.
        progress: takes short lines about what is going on.

    Raises:
        ToolMissingError: QEMU or the cross compiler is absent; has the line that installs it.
        FirmwareError: the program does not compile, or the vectors do not fit.
        ModelError: the host library refuses a model.
        BoardError: the program fails in one of the places.
    """
    from kws_tflm.firmware.boards import project_root
    from kws_tflm.firmware.toolchain import exclusive

    find_qemu()
    folder = folder or project_root() / "build" / "second_opinion"
    progress("second opinion: host library")
    host = on_host(vectors)
    with exclusive(folder):  # two runs at once would exchange each other's vectors
        images = build(vectors, folder, progress)
        progress(f"second opinion: {BOARD}")
        board = on_board(images.board)
        progress(f"second opinion: {SECOND}")
        qemu = on_qemu(images.qemu)
    progress("")
    return compare(vectors, host, {BOARD: board, SECOND: qemu})


def of_recording(pcm: NDArray[np.int16], models: Mapping[str, bytes], config: Config) -> Vectors:
    """The vectors of a recording: its features, and some of its windows as inputs of each model."""
    from kws_tflm.convert.verification import model_inputs
    from kws_tflm.runtime import FeatureExtractor

    features = config.features
    pcm = pcm[: RECORDING_SECONDS * features.sample_rate]
    columns = FeatureExtractor(features).clip(np.ascontiguousarray(pcm))
    starts = np.unique(np.linspace(0, len(columns) - features.n_frames, RECORDING_WINDOWS).astype(int))
    windows = np.stack([columns[start : start + features.n_frames] for start in starts])
    vectors = [
        ModelVectors(name, data, model_inputs(data, windows, name).reshape(len(windows), -1))
        for name, data in models.items()
    ]
    return Vectors(vectors, [pcm], features)


def find_qemu() -> str:
    """Path of QEMU.

    Raises:
        ToolMissingError: with the line that installs it.
    """
    found = shutil.which(QEMU)
    if found is None:
        raise ToolMissingError(f"{QEMU} is not installed; install it: {QEMU_LINE}")
    return found


def build(vectors: Vectors, folder: Path, progress: Progress = show) -> Images:
    """Compile and link the program around `vectors`; what is up to date is kept."""
    from kws_tflm.features.codegen import write_cpp
    from kws_tflm.features.tables import make_tables
    from kws_tflm.firmware.boards import project_root
    from kws_tflm.firmware.image_builder import build_tflm, crate_folder, default_folder
    from kws_tflm.firmware.toolchain import cmake_build

    root, folder = project_root(), folder.resolve()
    library = build_tflm(default_folder(), progress)
    generated = folder / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    _write(generated / "vectors.bin", pack(vectors))
    _write(generated / "feature_tables.cc", write_cpp(make_tables(vectors.features), "second opinion").encode())
    settings = {
        "KWS_GENERATED_DIR": str(generated),
        "KWS_TFLM_LIBRARY": str(library),
        "TFLM_CRATE_DIR": str(crate_folder(root)),
    }
    cmake_build(root / "stm32f7_app" / "second_opinion", folder, settings, "second opinion", progress)
    return Images(folder / "stm32f767.elf", folder / "mps2_an500.elf")


def on_host(vectors: Vectors) -> dict[Key, bytes]:
    """What the host library computes; the output of an operator is that of the model cut off behind it."""
    from kws_tflm.convert.model import parse
    from kws_tflm.convert.verification import truncate
    from kws_tflm.runtime import FeatureExtractor, Interpreter

    outputs: dict[Key, bytes] = {}
    for m, model in enumerate(vectors.models):
        for operator in range(len(parse(model.data, model.name).subgraphs[0].operators)):
            interpreter = Interpreter(truncate(model.data, operator), where=model.name)
            for i, values in enumerate(rows(model)):
                outputs["operator", m, i, operator] = interpreter.invoke(values).tobytes()
    extractor = FeatureExtractor(vectors.features)
    for c, clip in enumerate(vectors.clips):
        for i, column in enumerate(extractor.clip(np.ascontiguousarray(clip, np.int16))):
            outputs["column", c, i] = column.astype("<i2").tobytes()
    return outputs


def on_board(elf: Path) -> dict[Key, bytes]:
    """What the program prints on the virtual board."""
    from kws_tflm.virtual_board import Board

    said = bytearray()
    board = Board(elf)
    board.on_semihosting = said.extend
    result = board.run(max_seconds=BOARD_SECONDS)
    if result.reason != "exit":
        raise BoardError(f"{elf}: does not end on the virtual board ({result.reason})")
    return parse_output(bytes(said), BOARD)


def on_qemu(elf: Path) -> dict[Key, bytes]:
    """What the program prints under QEMU."""
    log = elf.with_suffix(".qemu.out")
    command = [find_qemu(), "-M", QEMU_MACHINE, "-kernel", str(elf), "-display", "none", "-monitor", "none"]
    command += ["-serial", "none", "-chardev", f"file,id=said,path={str(log).replace(',', ',,')}"]
    command += ["-semihosting-config", "enable=on,target=native,chardev=said"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=QEMU_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BoardError(f"{elf}: does not end under QEMU within {QEMU_TIMEOUT_SECONDS:g} s") from None
    said = log.read_bytes() if log.is_file() else b""
    log.unlink(missing_ok=True)
    if done.returncode != 0 and not said:
        reason = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise BoardError(f"{elf}: {QEMU} ended with code {done.returncode}: {reason}")
    return parse_output(said, SECOND)


def parse_output(said: bytes, where: str) -> dict[Key, bytes]:
    """The lines of the program (stm32f7_app/second_opinion/main.cc).

    Raises:
        BoardError: it reported an error, or did not reach its end.
    """
    outputs: dict[Key, bytes] = {}
    lines = said.decode("ascii", "replace").splitlines()
    for line in lines:
        kind, *words = line.split(" ")
        if kind in _KINDS and len(words) == _KINDS[kind] + 1:
            outputs[kind, *map(int, words[:-1])] = bytes.fromhex(words[-1])
        elif kind == "error":
            raise BoardError(f"{where}: the program of the second opinion reports: {' '.join(words)}")
    if not lines or lines[-1] != "end":
        raise BoardError(f"{where}: the program of the second opinion ended after {len(outputs)} outputs")
    return outputs


def compare(vectors: Vectors, reference: Outputs, others: Mapping[str, Outputs]) -> SecondOpinion:
    """Compare the bytes of the host with those of each of `others`, in the order in which they are computed."""
    found = []
    for name, outputs in others.items():
        missing = [*(key for key in reference if key not in outputs), *(key for key in outputs if key not in reference)]
        wrong = [key for key in reference if key in outputs and outputs[key] != reference[key]]
        if wrong:
            where = _describe(vectors, wrong[0], reference[wrong[0]], outputs[wrong[0]])
            found.append(Disagreement(HOST, name, where, len(wrong) + len(missing)))
        elif missing:
            where = f"{place(vectors, missing[0])}: only one of them has it"
            found.append(Disagreement(HOST, name, where, len(missing)))
    operators = sum(key[0] == "operator" for key in reference)
    size = sum(map(len, reference.values()))
    return SecondOpinion(operators, len(reference) - operators, size, tuple(found))


def _describe(vectors: Vectors, key: Key, expected: bytes, found: bytes) -> str:
    output = place(vectors, key)
    if len(expected) != len(found):
        return f"{output}: {len(found)} bytes instead of {len(expected)}"
    kind = np.int8 if key[0] == "operator" else np.dtype("<i2")
    a, b = np.frombuffer(expected, kind), np.frombuffer(found, kind)
    wrong = np.flatnonzero(a != b)
    at = int(wrong[0])
    return f"{output}: {len(wrong)} of {a.size} values differ, first at {at}: {int(b[at])} instead of {int(a[at])}"


def _write(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        path.write_bytes(data)
