"""A virtual STM32F767 that runs the unmodified firmware: `Board`; `session.run_wav` for one recording."""

from kws_tflm.virtual_board.board import Board, Reset, RunResult
from kws_tflm.virtual_board.fault import FaultReport

__all__ = ["Board", "FaultReport", "Reset", "RunResult"]
