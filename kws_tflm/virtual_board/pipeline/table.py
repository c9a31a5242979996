"""`cortex_m7.toml` as structures: rules of the pipeline, latencies, classes of instructions, memories."""

from __future__ import annotations

import ctypes
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.pipeline.structures import CAUSES, OperationFlag, TimingTable

PATH = Path(__file__).with_name("cortex_m7.toml")
_NATIVE_FIELDS = {name for name, *_ in TimingTable._fields_}


@dataclass(frozen=True)
class InstructionClass:
    """One `[classes.NAME]` of the table; see the comments there."""

    name: str
    instructions: tuple[str, ...]
    tags: tuple[str, ...] = ()
    kind: str = "late"
    operand_use: str = "late"
    last_use: str = ""
    early: str = ""
    older: bool = False
    alone: bool = False
    double_alone: bool = False
    """A double register makes it issue alone."""
    read_write: bool = False
    flags_only: bool = False
    flush: bool = False
    part: bool = False
    cycles: int = 1
    memory: str = ""
    branch: str = ""
    long: str = ""
    accumulate: str = ""
    shadow: str = ""

    @cached_property
    def flags(self) -> int:
        """Bits of `OperationFlag` that all instructions of the class have."""
        wanted = {
            OperationFlag.OLDER_ONLY: self.older,
            OperationFlag.ALONE: self.alone,
            OperationFlag.EARLY_OLDER: self.early == "older",
            OperationFlag.EARLY_EITHER: self.early == "either",
            OperationFlag.FLUSH: self.flush,
            OperationFlag.MULTIPLY_ADD: bool(self.accumulate),
            OperationFlag.SHADOW_BLOCKED: self.shadow == "blocked",
            OperationFlag.SHADOW_OLDER: self.shadow == "older",
        }
        return sum(int(flag) for flag, yes in wanted.items() if yes)


@dataclass(frozen=True)
class PipelineTable:
    """The whole table, names resolved to the numbers that the native model uses."""

    native: TimingTable
    kinds: dict[str, int]
    uses: dict[str, int]
    tags: dict[str, int]
    """Bit of each tag."""
    conflicts: dict[str, int]
    """Bits of the tags that a tag excludes."""
    classes: dict[str, InstructionClass]
    """By the name of the instruction."""
    pipeline: dict[str, int]
    memory: dict[str, int]
    decoded: dict[bytes, bytes] = field(default_factory=dict, compare=False, repr=False)
    """What `Decoder` made of the instructions that it has met."""


@cache
def load() -> PipelineTable:
    """The table in the package.

    Raises:
        BoardError: the file contradicts itself.
    """
    document = tomllib.loads(PATH.read_text(encoding="utf-8"))
    uses = {name: i for i, name in enumerate(document["uses"]["integer"] + document["uses"]["float"])}
    kinds = {name: i + 1 for i, name in enumerate(document["kinds"])}
    tags, conflicts = _tags(document)
    return PipelineTable(
        native=_native(document, kinds, uses),
        kinds=kinds,
        uses=uses,
        tags=tags,
        conflicts=conflicts,
        classes=_classes(document, kinds, uses, tags),
        pipeline=document["pipeline"],
        memory=document["memory"],
    )


def _tags(document: dict[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    names: list[str] = []
    for pair in document["tags"]["excludes"]:
        names += [name for name in pair if name not in names]
    bits = {name: 1 << i for i, name in enumerate(names)}
    conflicts = dict.fromkeys(names, 0)
    for one, other in document["tags"]["excludes"]:
        conflicts[one] |= bits[other]
        conflicts[other] |= bits[one]
    return bits, conflicts


def _native(document: dict[str, Any], kinds: dict[str, int], uses: dict[str, int]) -> TimingTable:
    table = TimingTable()
    for name, value in document["pipeline"].items():
        if name in _NATIVE_FIELDS:
            setattr(table, name, value)
    offsets = {"integer": 0, "float": len(document["uses"]["integer"])}
    for name, number in kinds.items():
        row = document["kinds"][name]
        table.kind_cause[number] = CAUSES.index(row["cause"])
        longest = 0
        for family, offset in offsets.items():
            latencies = row.get(family, [])
            if latencies and len(latencies) != len(document["uses"][family]):
                raise BoardError(f"{PATH.name}: [kinds.{name}] needs {len(document['uses'][family])} latencies")
            for i, latency in enumerate(latencies):
                table.latency[number][offset + i] = latency
                longest = max(longest, latency)
        table.kind_lifetime[number] = longest
    table.early_kind, table.early_use = kinds["early"], uses["early"]
    return table


def _classes(
    document: dict[str, Any], kinds: dict[str, int], uses: dict[str, int], tags: dict[str, int]
) -> dict[str, InstructionClass]:
    classes: dict[str, InstructionClass] = {}
    for name, row in document["classes"].items():
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        one = InstructionClass(name=name, **values)
        unknown = [tag for tag in one.tags if tag not in tags]
        unknown += [use for use in (one.operand_use, one.last_use, one.accumulate) if use and use not in uses]
        unknown += [one.kind] if one.kind not in kinds else []
        if unknown:
            raise BoardError(f"{PATH.name}: [classes.{name}] names {', '.join(unknown)}, which the table does not have")
        for instruction in one.instructions:
            if instruction in classes:
                raise BoardError(f"{PATH.name}: {instruction} is in {classes[instruction].name} and in {name}")
            classes[instruction] = one
    return classes


def native_sizes() -> tuple[int, ...]:
    """Sizes of the shared structures, to be compared with the library's."""
    from kws_tflm.virtual_board.pipeline.structures import NATIVE_ORDER

    return tuple(ctypes.sizeof(structure) for structure in NATIVE_ORDER)
