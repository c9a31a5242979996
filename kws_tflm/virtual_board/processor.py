"""One step of the processor: exceptions, sleep, then a slice of instructions."""

from __future__ import annotations

from collections.abc import Callable

from kws_tflm.virtual_board.block_counter import Trait
from kws_tflm.virtual_board.cpu import Stop
from kws_tflm.virtual_board.exceptions import ExceptionUnit, StackingError
from kws_tflm.virtual_board.fault import FaultReport
from kws_tflm.virtual_board.faults import FaultUnit, LockUpError
from kws_tflm.virtual_board.machine import Machine
from kws_tflm.virtual_board.peripherals import nvic as n
from kws_tflm.virtual_board.peripherals.scb import SEVONPEND, SLEEPONEXIT

# Plain integers: operations on the enumeration would cost more than the rest of a step.
_WFI, _WFE, _SEV, _MASK = int(Trait.WFI), int(Trait.WFE), int(Trait.SEV), int(Trait.MASK)


class Processor:
    """Drives core and exceptions of a `Machine`. `faults` collects the reports, `on_fault` is told each."""

    def __init__(self, machine: Machine, on_fault: Callable[[FaultReport], None]) -> None:
        self._machine = machine
        self._on_fault = on_fault
        self._unit = ExceptionUnit(machine.cpu, machine.banks, machine.nvic, machine.scb, machine.fpu)
        self._fault_unit = FaultUnit(machine.cpu, machine.image, machine.banks, machine.nvic, machine.scb, self._unit)
        self.faults: list[FaultReport] = []
        self._handler_instructions = 0
        self._handler_since: int | None = None
        self.reset()

    def reset(self) -> None:
        """The chip was reset."""
        self._end_handlers()
        self._asleep = False
        self._event_register = False

    @property
    def handler_instructions(self) -> int:
        """Instructions issued in exception handlers since power-on, up to now."""
        if self._handler_since is None:
            return self._handler_instructions
        return self._handler_instructions + self._machine.scheduler.instructions - self._handler_since

    def step(self, slice_instructions: int) -> bool:
        """Run at most about `slice_instructions`; False when the processor sleeps and nothing can wake it.

        The caller has fired the due events.
        """
        scheduler = self._machine.scheduler
        if self._asleep and not self._wakes():
            following = scheduler.next_cycle()
            if following is None or not scheduler.can_wake():
                return False
            scheduler.skip_to(following)
            return True
        self._asleep = False
        self._take_exception()
        state = self._machine.counter.state
        # Something is pending but masked: a change of the masks may let it through.
        state.stop_after = _WFI | _WFE | (_MASK if self._machine.nvic.pending else 0)
        scheduler.arm(slice_instructions)
        self._handle(self._machine.cpu.run())
        return True

    def _wakes(self) -> bool:
        if self._unit.wakes():
            return True
        return bool(self._machine.scb.values["SCR"] & SEVONPEND and self._machine.nvic.pending)

    def _take_exception(self) -> None:
        exception = self._unit.next_exception()
        if exception is not None:
            self._enter(exception)

    def _enter(self, exception: int) -> None:
        self._begin_handler()
        self._event_register = True
        self._machine.interrupted("exception_entry")
        try:
            self._unit.enter(exception)
        except StackingError as error:
            self._fault(error)

    def _handle(self, stop: Stop) -> None:
        if stop.reason == "boundary":
            self._at_boundary()
        elif stop.reason == "exception return":
            self._leave(stop.pc)
        elif stop.reason == "svc":
            self._supervisor_call(stop)
        elif stop.reason != "breakpoint" or not self._machine.semihosting.call(stop.pc):
            self._fault(stop)

    def _at_boundary(self) -> None:
        state = self._machine.counter.state
        if state.blocked:
            self._fault(Stop("no fpu", self._machine.cpu.pc))
            return
        if state.traits & _SEV:
            self._event_register = True
        if state.traits & _WFE:
            self._asleep = not self._event_register
            self._event_register = False
        elif state.traits & _WFI:
            self._asleep = True

    def _leave(self, exc_return: int) -> None:
        self._event_register = True
        self._machine.interrupted("exception_return")
        try:
            self._unit.leave(exc_return)
        except StackingError as error:
            self._fault(error)
            return
        if self._machine.nvic.active == 0:
            self._end_handlers()
            self._asleep = bool(self._machine.scb.values["SCR"] & SLEEPONEXIT)

    def _supervisor_call(self, stop: Stop) -> None:
        nvic = self._machine.nvic
        level = nvic.execution_priority(*self._machine.cpu.masks())
        if nvic.group(nvic.priority(n.SVCALL)) < level:
            self._enter(n.SVCALL)
        else:
            self._fault(Stop("svc", stop.pc))

    def _fault(self, cause: Stop | StackingError) -> None:
        self._begin_handler()
        seconds = self._machine.scheduler.seconds
        try:
            if isinstance(cause, Stop):
                report = self._fault_unit.deliver(cause, seconds)
            else:
                report = self._fault_unit.deliver_stacking(cause, seconds)
        except LockUpError as error:
            self._record(error.report)
            raise
        self._record(report)

    def _record(self, report: FaultReport) -> None:
        self.faults.append(report)
        self._on_fault(report)

    def _begin_handler(self) -> None:
        if self._handler_since is None:
            self._handler_since = self._machine.scheduler.instructions

    def _end_handlers(self) -> None:
        if self._handler_since is not None:
            self._handler_instructions += self._machine.scheduler.instructions - self._handler_since
            self._handler_since = None
