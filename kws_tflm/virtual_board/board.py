"""The virtual NUCLEO-F767ZI: an unmodified ELF, a microphone, a serial console, virtual time.

Time: with a cycle model (`timing=TimingOptions()`) the modelled cycles; without, one instruction is one core
cycle and exception entry takes no time. Sleep is skipped. Instruction counts are exact, cycles and seconds are
never measurements. The same image with the same audio and
input gives the same counts and the same console bytes each time.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import unicorn.arm_const as arm

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import elf_image
from kws_tflm.virtual_board.fault import FaultReport
from kws_tflm.virtual_board.host_events import Alarm, Poll
from kws_tflm.virtual_board.machine import Machine
from kws_tflm.virtual_board.microphone import AudioSource, Microphone
from kws_tflm.virtual_board.observer import Marker, Observer
from kws_tflm.virtual_board.processor import Processor
from kws_tflm.virtual_board.timing import BlockUse, Counters, InstructionUse, TimingOptions

_SLICE = 4_000_000  # cycles between two looks at the host, about 10 ms
_FAULT_GRACE_SECONDS = 0.25  # for the fault handler to write its line
_MAX_RESETS = 20
TAP_SYMBOL = "kws_tap"

Tap = Callable[[int, bytes, int], None]


@dataclass(frozen=True)
class Reset:
    """A reset after power-on: why (``software``, ``watchdog``), when, and what ran."""

    reason: str
    seconds: float
    where: str


@dataclass(frozen=True)
class RunResult:
    """State at the end of `Board.run`; counts are since power-on."""

    instructions: int
    virtual_seconds: float
    reason: str
    """``stop`` (the caller's condition), ``time`` or ``instructions`` (limit reached), ``fault``, ``asleep``
    (the processor sleeps and nothing can wake it), ``exit`` (the program ended itself by semihosting)."""
    handler_instructions: int
    """Part of `instructions` that was issued in exception handlers."""
    idle_cycles: int
    wall_seconds: float
    fault: FaultReport | None = None
    exit_code: int | None = None
    """Of a program that ended by semihosting (reason ``exit``)."""


class Board:
    """A board with `elf` in flash, powered on at the first `run`.

    Args:
        elf: firmware image; any bare-metal image for the STM32F767 whose peripherals are modelled.
        audio: int16 samples at `sample_rate`, a function (first, count) -> int16, or None for near-silence.
        paced: keep pace with real time instead of running as fast as possible.
        console: USART that is the serial console.
        console_baud: rate of the other side; None takes any.
        hse_hz: frequency at OSC_IN.
        timing: use the cycle model; None counts instructions only, several times as fast.

    `on_serial(bytes)` gets each console byte when its last bit is out; `on_semihosting(bytes)` what the program
    writes through Arm semihosting; `on_led(port, pin, level)` sees
    output pins; `on_poll()`, if set, is called every millisecond of virtual time (host input);
    `on_fault(report)` gets each fault when it happens and by default prints it on stderr.

    Raises:
        BoardError: the image cannot be used.
        ToolMissingError: the native block hook is not built.
    """

    def __init__(
        self,
        elf: Path | str,
        audio: AudioSource | None = None,
        *,
        paced: bool = False,
        sample_rate: int = 16000,
        console: str = "USART3",
        console_baud: int | None = 115200,
        hse_hz: int = 8_000_000,
        timing: TimingOptions | None = None,
    ) -> None:
        self.image = elf_image.load(Path(elf))
        self.microphone = Microphone(audio, sample_rate)
        self.on_serial: Callable[[bytes], None] = lambda data: None
        self.on_semihosting: Callable[[bytes], None] = lambda data: None
        self.on_led: Callable[[str, int, bool], None] = lambda port, pin, level: None
        self.on_poll: Callable[[], None] | None = None
        self.on_fault: Callable[[FaultReport], None] = _print_fault
        self.paced = paced
        self.resets: list[Reset] = []
        self.warnings: list[str] = []
        self._machine = Machine(
            self.image, self.microphone, hse_hz, self._request_reset, self._warn, lambda *pin: self.on_led(*pin)
        )
        self._observer = Observer(self._machine, None if timing is None else self._machine.enable_timing(timing))
        self._machine.semihosting.on_output = lambda data: self.on_semihosting(data)
        self._processor = Processor(self._machine, lambda report: self.on_fault(report))
        usart = self._machine.usarts.get(console)
        if usart is None:
            raise BoardError(f"no {console} on this board; consoles are {', '.join(self._machine.usarts)}")
        usart.on_transmit = lambda byte: self.on_serial(bytes((byte,)))
        usart.expected_baud = console_baud
        self._usart = usart
        self._inbox: deque[bytes] = deque()
        self._taps: list[Tap] = []
        self._started = False
        self._stopping = False
        self._reset_reason: str | None = None

    # Outside world ----------------------------------------------------------------------------

    @property
    def instructions(self) -> int:
        """Instructions issued since power-on."""
        return self._machine.scheduler.instructions

    @property
    def virtual_seconds(self) -> float:
        """Virtual time since power-on."""
        return self._machine.scheduler.seconds

    @property
    def core_hz(self) -> int:
        """Present core clock."""
        return self._machine.scheduler.frequency

    def send(self, data: bytes) -> None:
        """Send bytes to the console's receiver, at its baud rate; may be called from another thread."""
        self._inbox.append(bytes(data))

    @property
    def lost_input(self) -> int:
        """Bytes sent to the console that its receiver had no room for."""
        return self._usart.lost

    def stop(self) -> None:
        """Make `run` return soon; may be called from callbacks."""
        self._stopping = True
        self._machine.scheduler.stop_soon()

    @property
    def handler_instructions(self) -> int:
        """Instructions issued in exception handlers since power-on."""
        return self._processor.handler_instructions

    @property
    def faults(self) -> list[FaultReport]:
        """Faults delivered to the firmware since power-on."""
        return self._processor.faults

    def read_memory(self, address: int, size: int) -> bytes:
        """Contents of RAM or flash, for tests and debugging.

        Raises:
            BoardError: no memory there.
        """
        data = self._machine.banks.read(address, size)
        if data is None:
            raise BoardError(f"no memory at 0x{address:08x}")
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Put `data` into RAM, as a debugger would.

        Raises:
            BoardError: no RAM there.
        """
        if not self._machine.banks.write(address, data):
            raise BoardError(f"no RAM at 0x{address:08x} for {len(data)} bytes")

    def registers(self) -> list[int]:
        """PC, R0 to R12, SP, LR and the floating-point registers, in a callback of a marker or a tap; for `go_to`."""
        return self._machine.cpu.context()

    def go_to(self, registers: list[int]) -> None:
        """Go on where `registers` was taken, in the same function and with interrupts masked as there."""
        self._machine.cpu.set_context(registers)

    def add_tap(self, tap: Tap) -> None:
        """Call `tap(id, data, instructions)` at each `kws_tap(id, data, bytes)` of the firmware.

        Raises:
            BoardError: the image has no such symbol.
        """
        if not self._taps:
            address = self.image.require(TAP_SYMBOL) & ~1
            self._observer.hook(address, self._on_tap)
        self._taps.append(tap)

    def _on_tap(self, address: int) -> None:
        m = self._machine
        identifier, pointer, length = (m.cpu.get(r) for r in (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2))
        data = m.banks.read(pointer, length) if length else b""
        if data is None:
            raise BoardError(f"{TAP_SYMBOL}({identifier}) points to 0x{pointer:08x}, which is not memory")
        for tap in self._taps:
            tap(identifier, data, self.instructions)

    def counters(self) -> Counters:
        """Counts since power-on; exact to the instruction in a callback of a marker or a tap."""
        return self._observer.counters()

    def add_marker(self, address: int, callback: Marker) -> None:
        """Call `callback(Counters)` each time the instruction at `address` is about to execute."""
        self._observer.add_marker(address, callback)

    def block_profile(self) -> list[BlockUse]:
        """What each block of code did since power-on; needs the cycle model."""
        return self._observer.blocks()

    def instruction_profile(self, begin: int, end: int) -> list[InstructionUse]:
        """What the instructions in [begin, end) did since power-on, by address; needs the cycle model."""
        return self._observer.instructions(begin, end)

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def _request_reset(self, reason: str) -> None:
        self._reset_reason = reason
        self._machine.scheduler.stop_soon()

    # Running ----------------------------------------------------------------------------------

    def run(
        self,
        stop: Callable[[], bool] | None = None,
        max_seconds: float | None = None,
        max_instructions: int | None = None,
    ) -> RunResult:
        """Run until `stop()` is true, for `max_seconds` of virtual time, or for that many instructions.

        `stop` is asked after each event and slice. A fault is delivered to the firmware's handler, which gets
        a quarter of a second; then `run` returns with reason ``fault``. Call again to go on.

        Raises:
            BoardError: access to something that is not modelled, lock-up, or endless resets.
        """
        scheduler = self._machine.scheduler
        wall_start = time.monotonic()
        if not self._started:
            self._started = True
            self._machine.reset("power")
        self._stopping = False
        virtual_start, first_instruction, known_faults = scheduler.seconds, scheduler.instructions, len(self.faults)
        end_instruction = None if max_instructions is None else first_instruction + max_instructions
        end = None if max_seconds is None else Alarm(scheduler, max_seconds)
        grace: Alarm | None = None
        poll = Poll(scheduler, self.on_poll) if self.on_poll is not None else None
        try:
            while True:
                scheduler.run_due()
                if self._stopping or (stop is not None and stop()):
                    reason = "stop"
                    break
                if self._machine.semihosting.exit_code is not None:
                    reason = "exit"
                    break
                if end is not None and end.rang:
                    reason = "time"
                    break
                if end_instruction is not None and scheduler.instructions >= end_instruction:
                    reason = "instructions"
                    break
                if len(self.faults) > known_faults:
                    grace = grace or Alarm(scheduler, _FAULT_GRACE_SECONDS)
                    if grace.rang or self._reset_reason is not None:
                        reason = "fault"
                        break
                self._deliver_input()
                self._perform_reset()
                left = (
                    _SLICE
                    if end_instruction is None
                    else min(_SLICE, max(1, (end_instruction - scheduler.instructions) // 2))
                )
                self._observer.running = True
                if not self._processor.step(left):
                    reason = "asleep"
                    break
                self._observer.running = False
                if self.paced:
                    _sleep_until(wall_start + scheduler.seconds - virtual_start)
        finally:
            self._observer.running = False
            for alarm in (end, grace, poll):
                if alarm is not None:
                    alarm.cancel()
        return RunResult(
            instructions=scheduler.instructions,
            virtual_seconds=scheduler.seconds,
            reason=reason,
            handler_instructions=self.handler_instructions,
            idle_cycles=scheduler.idle_cycles,
            wall_seconds=time.monotonic() - wall_start,
            fault=self.faults[-1] if len(self.faults) > known_faults else None,
            exit_code=self._machine.semihosting.exit_code,
        )

    def _deliver_input(self) -> None:
        while self._inbox:
            self._usart.send(self._inbox.popleft())

    def _perform_reset(self) -> None:
        if self._reset_reason is None:
            return
        reason, self._reset_reason = self._reset_reason, None
        where = self.image.locate(self._machine.cpu.pc)
        self.resets.append(Reset(reason, self.virtual_seconds, where))
        if len(self.resets) > _MAX_RESETS:
            raise BoardError(f"{self.image.path}: reset {len(self.resets)} times, last by {reason} in {where}")
        self._machine.reset(reason)
        self._processor.reset()


def _print_fault(report: FaultReport) -> None:
    print(report, file=sys.stderr, flush=True)


def _sleep_until(deadline: float) -> None:
    left = deadline - time.monotonic()
    if left > 0:
        time.sleep(left)
