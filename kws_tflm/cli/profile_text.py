"""Profiles as tables for people, within 120 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kws_tflm.cli.output import kilobytes, pairs, table
from kws_tflm.profile.result import CLOCK_HZ, ModelProfile, WindowProfile, milliseconds
from kws_tflm.virtual_board.timing import Counters

TOP_FUNCTIONS = 15
_NAME = 40
_SMALL = 1000  # a cause below a thousandth of all cycles has no column of its own


def model_text(profile: ModelProfile) -> str:
    """Totals, operators, stalls."""
    total = profile.total
    facts = {
        "model": f"{profile.model}, {kilobytes(profile.memory.model_bytes)}",
        "image": f"{profile.board}, {profile.kernels} kernels, caches {profile.caches}",
        "placement": profile.placement.text,
        "an inference": _totals(total, CLOCK_HZ),
        "arena": kilobytes(profile.memory.arena_bytes),
        "flash": f"{kilobytes(profile.memory.flash_bytes)}, the model included",
    }
    parts = [pairs(facts, indent=""), _operators(profile)]
    rows = [(f"{op.index}", op.name, op.counts) for op in profile.operators]
    parts.append(_stalls([*rows, ("", "total", total)]))
    return "\n\n".join(parts)


def window_text(profile: WindowProfile) -> str:
    """Totals, stalls, functions."""
    total = profile.total
    facts = {
        "window": f"{profile.begin} ({_ordinal(profile.nth)} arrival) to {profile.end}",
        "in all": _totals(total, profile.clock_hz),
        "CPI": f"{total.cycles / max(1, total.instructions):.3f}, {total.paired:,} instructions paired",
        "stalls": ", ".join(f"{cause} {cycles:,}" for cause, cycles in _sorted(total.stalls) if cycles) or "none",
        "branches": f"{total.mispredicted:,} mispredicted",
        "misses": f"{total.icache_misses:,} instruction cache, {total.dcache_misses:,} data cache",
    }
    parts = [pairs(facts, indent="")]
    if profile.functions:
        heads = ["function", "instructions", "cycles", "share", "CPI", "I misses", "D misses"]
        rows = [
            [
                function.name[:_NAME],
                f"{function.instructions:,}",
                f"{function.cycles:,}",
                _share(function.cycles, total.cycles),
                f"{function.cycles / max(1, function.instructions):.2f}",
                f"{function.icache_misses:,}",
                f"{function.dcache_misses:,}",
            ]
            for function in profile.functions[:TOP_FUNCTIONS]
        ]
        parts.append(table(rows, heads))
        more = len(profile.functions) - TOP_FUNCTIONS
        if more > 0:
            parts.append(f"and {more} functions more (--json has all)")
    return "\n\n".join(parts)


def _operators(profile: ModelProfile) -> str:
    heads = [
        "#",
        "operator",
        "input",
        "filter",
        "output",
        "MACs",
        "instructions",
        "cycles",
        "share",
        "MAC/cyc",
        "weights",
    ]
    rows = [
        [
            str(op.index),
            op.name.removeprefix("KWS_"),
            _shape(op.input_shape),
            "x".join(map(str, op.filter_shape)) or "-",
            _shape(op.output_shape),
            f"{op.macs:,}",
            f"{op.counts.instructions:,}",
            f"{op.counts.cycles:,}",
            _share(op.counts.cycles, profile.total.cycles),
            f"{op.macs_per_cycle:.2f}" if op.macs else "-",
            f"{op.weight_bytes:,}",
        ]
        for op in profile.operators
    ]
    rest, total = profile.overhead, profile.total
    macs, weights = sum(op.macs for op in profile.operators), sum(op.weight_bytes for op in profile.operators)
    rows.append(["", "interpreter", "", "", "", "", f"{rest.instructions:,}", f"{rest.cycles:,}",
                 _share(rest.cycles, total.cycles), "", ""])  # fmt: skip
    rows.append(["", "total", "", "", "", f"{macs:,}", f"{total.instructions:,}", f"{total.cycles:,}", "100.0%",
                 f"{macs / max(1, total.cycles):.2f}", f"{weights:,}"])  # fmt: skip
    stored = [op for op in profile.operators if op.macs_stored != op.macs]
    text = table(rows, heads)
    if stored:
        kept = ", ".join(f"#{op.index} {op.macs_stored:,}" for op in stored)
        text += f"\nMACs are those of the dense layer; stored in sparse ones: {kept}"
    return text


def _stalls(rows: Sequence[tuple[str, str, Counters]]) -> str:
    """One column a cause, in cycles; small causes together."""
    total = rows[-1][2]
    causes = [cause for cause, cycles in _sorted(total.stalls) if cycles * _SMALL >= total.cycles]
    heads = ["#", "cycles lost to", *(cause.replace("_", "-") for cause in causes), "other", "I miss", "D miss"]
    cells = [
        [
            index,
            name.removeprefix("KWS_"),
            *(f"{counts.stalls.get(cause, 0):,}" for cause in causes),
            f"{sum(cycles for cause, cycles in counts.stalls.items() if cause not in causes):,}",
            f"{counts.icache_misses:,}",
            f"{counts.dcache_misses:,}",
        ]
        for index, name, counts in rows
    ]
    return table(cells, heads)


def _totals(total: Counters, clock_hz: int) -> str:
    time = f"{milliseconds(total.cycles, clock_hz):.3f} ms at {clock_hz / 1e6:g} MHz"
    return f"{total.instructions:,} instructions, {total.cycles:,} cycles, {time}"


def _sorted(stalls: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(stalls.items(), key=lambda item: -item[1])


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f}%"


def _shape(shape: tuple[int, ...]) -> str:
    """Without the batch of one."""
    sides = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return "x".join(map(str, sides)) or "-"


def _ordinal(n: int) -> str:
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"
