"""All groups of the calibration, run in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.calibration import cmsis_dsp, dsp, image, integer, micro, networks, same_code
from kws_tflm.calibration.rows import Row

GROUPS = ("micro", "dsp", "integer", "anchors")
BUILD = cmsis_dsp.PROJECT / "build" / "calibration"


_SAME_CODE = (
    "The functions of the KV58 program of the next group, taken out of its ELF and moved to this board's flash: "
    "compiler and library are those that were measured, so what is left is the model's error and the difference of the "
    "chips' flash. First call, caches cold, as there. The binary is not part of this project; with it in the folder "
    f"named by `{integer.IMAGES_VARIABLE}` it is run again."
)


@dataclass(frozen=True)
class Section:
    """One group: what it is, how it was made, its rows."""

    key: str
    title: str
    text: str
    rows: tuple[Row, ...]
    like_for_like: bool = True
    """What was measured and what is modelled are the same code, or the same source and compiler."""


def measure(
    only: Sequence[str], model: Path | None, build: Path = BUILD, progress: Callable[[str], None] = lambda line: None
) -> list[Section]:
    """Run the groups in `only`; `anchors` is left out without a `model`.

    Raises:
        KwsError: no compiler, no package index, or the board stopped.
    """
    sections = []
    if "micro" in only:
        progress("instruction sequences")
        text = (
            "Each sequence is repeated between two `isb`, code behind the I-cache and data in DTCM; the difference "
            "of two lengths gives cycles a repetition. Basis: *measured*: the source gives this figure; *rule*: it "
            "follows in one step from a rule that the source measured; *model*: a compiler's scheduling model,"
            " not scored."
        )
        sections.append(Section("micro", "Instruction sequences", text, tuple(micro.run(build / "micro"))))
    if "dsp" in only:
        progress("CMSIS-DSP")
        rows = tuple(dsp.run(build / "dsp"))
        sections.append(
            Section("same_code", "CMSIS-DSP, the measured machine code", _SAME_CODE, tuple(same_code.run()))
        )
        sections.append(Section("dsp", "CMSIS-DSP, compiled here", _dsp_text(), rows, like_for_like=False))
    if "integer" in only:
        progress("integer benchmarks")
        document = integer.load()
        text = (
            f"Built aside with {document['compiler']}; {document['placement']}. Their sources are not part of this "
            f"project; with the images in a folder named by `{integer.IMAGES_VARIABLE}` they are run again."
        )
        sections.append(Section("integer", "Integer benchmarks", text, tuple(integer.run())))
    if "anchors" in only and model is not None:
        progress("networks")
        text = "Published latencies of other engines on the same network: bounds for sanity, not scored."
        sections.append(Section("anchors", "Networks", text, tuple(networks.run(model)), like_for_like=False))
    return sections


def _dsp_text() -> str:
    _, sources = dsp.load()
    library = cmsis_dsp.version(cmsis_dsp.sources())
    lines = [
        f"Here: {library}, {image.compiler_version()}, `{' '.join(cmsis_dsp.FLAGS[:1])}`, hand-unrolled; code and "
        "tables in flash behind warm caches, data in DTCM. Published, all of them of GCC builds but of other "
        "compiler and library versions, so a difference is of code as well as of the model:",
        "",
    ]
    lines += [f"- {s['board']}: {s['compiler']}; {s['placement']}. {s['text']}." for s in sources.values()]
    return "\n".join(lines)
