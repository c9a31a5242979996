"""What went wrong on the board, as a person wants to read it."""

from __future__ import annotations

from dataclasses import dataclass, field

_CFSR_BITS = {
    0: "IACCVIOL", 1: "DACCVIOL", 3: "MUNSTKERR", 4: "MSTKERR", 7: "MMARVALID",
    8: "IBUSERR", 9: "PRECISERR", 10: "IMPRECISERR", 11: "UNSTKERR", 12: "STKERR", 15: "BFARVALID",
    16: "UNDEFINSTR", 17: "INVSTATE", 18: "INVPC", 19: "NOCP", 24: "UNALIGNED", 25: "DIVBYZERO",
}  # fmt: skip
_HFSR_BITS = {1: "VECTTBL", 30: "FORCED", 31: "DEBUGEVT"}

IACCVIOL, IBUSERR, PRECISERR, BFARVALID = 1 << 0, 1 << 8, 1 << 9, 1 << 15
UNDEFINSTR, INVSTATE, INVPC, NOCP, UNALIGNED = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 24
FORCED, DEBUGEVT, VECTTBL = 1 << 30, 1 << 31, 1 << 1


@dataclass(frozen=True)
class FaultReport:
    """State at the instruction that faulted."""

    what: str
    """One line, e.g. ``bus fault: read of 0x60000000 (reserved address)``."""
    pc: int
    where: str
    """Function and offset of `pc`."""
    called_from: str
    """Function and offset of LR."""
    registers: tuple[int, ...]
    """R0 to R12, SP, LR, PC, xPSR."""
    cfsr: int
    hfsr: int
    bfar: int
    mmfar: int
    exception: int
    """Exception that was being handled, 0 in thread mode."""
    seconds: float
    trace: tuple[str, ...] = field(default=())
    """Return addresses found on the stack, nearest first; some may be stale."""

    @property
    def summary(self) -> str:
        """One line for an error message."""
        return f"{self.what} at {self.where}, called from {self.called_from}"

    def __str__(self) -> str:
        names = [f"r{i}" for i in range(13)] + ["sp", "lr", "pc", "xpsr"]
        cells = [f"{n:>4} {v:08x}" for n, v in zip(names, self.registers, strict=True)]
        rows = ["  " + "  ".join(cells[i : i + 4]) for i in range(0, len(cells), 4)]
        mode = f"in the handler of exception {self.exception}" if self.exception else "in thread mode"
        lines = [
            f"hard fault after {self.seconds:.6f} s, {mode}: {self.what}",
            f"  at   {self.where}",
            f"  from {self.called_from}",
            *rows,
            f"  CFSR {self.cfsr:08x} {flag_names(self.cfsr, _CFSR_BITS)}",
            f"  HFSR {self.hfsr:08x} {flag_names(self.hfsr, _HFSR_BITS)}",
            f"  BFAR {self.bfar:08x}  MMFAR {self.mmfar:08x}",
        ]
        lines += [f"  stack {entry}" for entry in self.trace]
        return "\n".join(lines)


def flag_names(value: int, names: dict[int, str]) -> str:
    """Names of the bits set in `value`."""
    return " ".join(name for bit, name in names.items() if value >> bit & 1) or "-"
