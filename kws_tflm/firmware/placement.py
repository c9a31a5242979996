"""In which memory of the chip an image keeps its code, its weights and its tensor arena."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kws_tflm.errors import FirmwareError
from kws_tflm.firmware import arena
from kws_tflm.firmware.boards import BoardInfo

CHOICES = {
    "code": ("flash", "art", "itcm"),
    "weights": ("flash", "dtcm", "sram"),
    "arena": ("auto", "dtcm", "sram"),
}
"""What may be placed, and where; the first is the default. docs/profile.md says what each means."""

DTCM_RESERVE = 48 * 1024
"""DTCM kept for stack and variables; an arena that leaves less goes to SRAM."""
_ALIAS_DISTANCE = 0x08000000 - 0x00200000  # flash on the AXI bus to the same flash on the ITCM bus [RM0410 2.2]


@dataclass(frozen=True)
class Placement:
    """Where code, weights and arena lie.

    Code: ``flash`` on the AXI bus through the instruction cache; ``art``, the same flash on the ITCM bus through the
    ART accelerator; ``itcm``, the kernels copied to ITCM at start, the rest as with ``flash``. Weights (the whole
    model): ``flash``, or copied at start to ``dtcm`` or ``sram``. Arena: ``dtcm``, ``sram``, or ``auto``, DTCM when
    it fits there.
    """

    code: str = "flash"
    weights: str = "flash"
    arena: str = "auto"

    @property
    def suffix(self) -> str:
        """Keeps build folders apart: empty for the default."""
        parts = [f"{what}_{getattr(self, what)}" for what in CHOICES if getattr(self, what) != CHOICES[what][0]]
        return "".join(f"-{part}" for part in parts)

    @property
    def text(self) -> str:
        """For people: `code in flash, weights in flash, arena in dtcm`."""
        return ", ".join(f"{what} in {getattr(self, what)}" for what in CHOICES)

    def largest_arena(self, board: BoardInfo, dma_bytes: int, model_bytes: int) -> int:
        """Bytes that an arena may have beside the DMA buffer, or beside stack and variables, and a copied model."""
        if self.arena == "dtcm":
            room = board.dtcm_bytes - DTCM_RESERVE - (model_bytes if self.weights == "dtcm" else 0)
        else:
            room = board.sram_bytes - dma_bytes - (model_bytes if self.weights == "sram" else 0)
        return max(room, 0) // arena.ALIGNMENT * arena.ALIGNMENT

    def resolved(self, board: BoardInfo, arena_bytes: int, model_bytes: int) -> Placement:
        """The same with the arena's memory decided."""
        if self.arena != "auto":
            return self
        taken = arena_bytes + DTCM_RESERVE + (model_bytes if self.weights == "dtcm" else 0)
        return replace(self, arena="dtcm" if taken <= board.dtcm_bytes else "sram")

    def settings(self, board: BoardInfo, arena_bytes: int, model_bytes: int) -> dict[str, str]:
        """CMake variables for an arena and a model of those sizes."""
        return {
            "KWS_KERNEL_REGION": "ITCM" if self.code == "itcm" else "FLASH",
            "KWS_CODE_ALIAS": f"{_ALIAS_DISTANCE:#x}" if self.code == "art" else "0",
            "KWS_MODEL_REGION": self.weights.upper(),
            "KWS_ARENA_REGION": self.resolved(board, arena_bytes, model_bytes).arena.upper(),
        }


def parse(text: str | None) -> Placement:
    """The placement that `text` names, such as ``code=itcm,arena=sram``; what is not named has its default.

    Raises:
        FirmwareError: not of this form, or no such thing or memory.
    """
    placement = Placement()
    for pair in text.split(",") if text else ():
        what, _, where = pair.partition("=")
        if what not in CHOICES:
            raise FirmwareError(f"--place {pair}: give {', '.join(f'{name}=MEMORY' for name in CHOICES)}")
        if where not in CHOICES[what]:
            raise FirmwareError(f"--place {pair}: {what} can be in {', '.join(CHOICES[what])}")
        placement = replace(placement, **{what: where})
    return placement
