"""What an instruction reads, writes and occupies, from its Capstone operands and the class that the table gives it.

Capstone's register lists are not complete for Thumb-2 (PKH, SSAT, UMAAL, ...), so operands are taken by position.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from capstone import arm

from kws_tflm.virtual_board.pipeline.structures import FIRST_FLOAT, FLAGS_REGISTER, OperationFlag
from kws_tflm.virtual_board.pipeline.table import InstructionClass, PipelineTable

_CORE = {f"r{i}": i for i in range(13)} | {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14}
_ALIASES = {
    "movs": "mov",
    "fmstat": "vmrs",
    "fmrx": "vmrs",
    "fmxr": "vmsr",
    "subs": "sub",
    "addw": "add",
    "subw": "sub",
}
_READS_CARRY = {"adc", "sbc", "rrx", "rsc", "sel", "vseleq", "vselge", "vselgt", "vselvs"}
_COMPARES = {"cmp", "cmn", "tst", "teq"}
_RETURNS = {"bx lr"}
_NAMES: dict[int, str] = {}  # by Capstone's number
_REGISTERS: dict[int, list[int]] = {}


@dataclass
class Roles:
    """What goes into one `Operation`."""

    table: PipelineTable
    flags: int = 0
    cycles: int = 1
    accesses: int = 0
    tags: set[str] = field(default_factory=set)
    sources: list[tuple[int, int]] = field(default_factory=list)
    destinations: list[tuple[int, int, int]] = field(default_factory=list)

    def read(self, registers: list[int], use: str) -> None:
        """`registers` are operands that go to `use`."""
        self.sources += [(register, self.table.uses[use]) for register in registers]

    def write(self, registers: list[int], kind: str, beat: int = 0) -> None:
        """`registers` are results of `kind`, `beat` cycles after the issue."""
        self.destinations += [(register, self.table.kinds[kind], beat) for register in registers]


def name_of(instruction: Any) -> str:
    """The name that the table knows the instruction by."""
    name = _NAMES.get(instruction.id)
    if name is None:
        name = instruction.insn_name()
        name = _NAMES[instruction.id] = _ALIASES.get(name, name)
    return name


def roles_of(table: PipelineTable, row: InstructionClass, instruction: Any) -> Roles:
    """The roles of a Capstone instruction of class `row`."""
    roles = Roles(table, flags=row.flags, cycles=row.cycles, tags=set(row.tags))
    name = name_of(instruction)
    if row.memory:
        _memory(roles, row, instruction)
    if row.branch:
        _branch(roles, row, instruction)
    if not row.memory and not row.branch:
        _compute(roles, row, name, instruction)
    _conditions(roles, name, instruction)
    return roles


def _numbers(instruction: Any, register: int) -> list[int]:
    """Numbers of a capstone register in the model; a double register is two, PC and status registers none."""
    numbers = _REGISTERS.get(register)
    if numbers is None:
        numbers = _REGISTERS[register] = _named(instruction.reg_name(register))
    return numbers


def _named(name: str) -> list[int]:
    if name in _CORE:
        return [_CORE[name]]
    if name[0] in "sd" and name[1:].isdigit():
        number = int(name[1:])
        return [FIRST_FLOAT + number] if name[0] == "s" else [FIRST_FLOAT + 2 * number, FIRST_FLOAT + 2 * number + 1]
    return []


def _registers(instruction: Any) -> list[Any]:
    return [operand for operand in instruction.operands if operand.type == arm.ARM_OP_REG]


def _compute(builder: Roles, row: InstructionClass, name: str, instruction: Any) -> None:
    operands = _registers(instruction)
    lists = [_numbers(instruction, operand.reg) for operand in operands]
    if row.long:
        _long_multiply(builder, row, lists)
    elif row.name == "fmove":
        _float_move(builder, lists)
    elif row.accumulate:
        builder.read(lists[0], row.accumulate)
        for registers in lists[1:]:
            builder.read(registers, row.operand_use)
        builder.write(lists[0], row.kind)
    elif row.flags_only or name in _COMPARES or name in ("vmsr", "msr"):
        _read_operands(builder, row, operands, lists)
    elif lists:
        modified = row.read_write or name == "movt" or _two_operand(instruction, operands, name)
        used = slice(0, None) if modified else slice(1, None)
        _read_operands(builder, row, operands[used], lists[used])
        builder.write(lists[0], row.kind)
    if _shifted_constant(instruction) and "bitfield" not in row.tags:
        builder.tags.add("shifter")


def _two_operand(instruction: Any, operands: list[Any], name: str) -> bool:
    """`adds r0, #1`, `ands r0, r1`: the result register is an operand too."""
    if name in ("mov", "mvn", "adr") or len(instruction.operands) != 2:
        return False
    return name in ("lsl", "lsr", "asr", "ror", "add", "sub", "adc", "sbc", "and", "orr", "eor", "bic", "mul", "orn")


def _read_operands(builder: Roles, row: InstructionClass, operands: list[Any], lists: list[list[int]]) -> None:
    shifted = [bool(operand.shift.type) and "dsp" not in row.tags for operand in operands]
    others = "mixed" if any(shifted) or row.last_use == "shift" else row.operand_use
    if row.operand_use not in ("late",):
        others = row.operand_use
    for i, registers in enumerate(lists):
        last = i == len(lists) - 1
        use = "shift" if shifted[i] else row.last_use if last and row.last_use else others
        builder.read(registers, use)
    if any(shifted):
        builder.tags.add("shifter")
        builder.flags &= ~(OperationFlag.EARLY_OLDER | OperationFlag.EARLY_EITHER)


def _long_multiply(builder: Roles, row: InstructionClass, lists: list[list[int]]) -> None:
    for registers in lists[2:]:
        builder.read(registers, row.operand_use)
    for registers in lists[:2]:
        if row.long == "accumulate":
            builder.read(registers, "acc")
        builder.write(registers, row.kind)


def _float_move(builder: Roles, lists: list[list[int]]) -> None:
    if len(lists) <= 1:  # a constant; jnk0le: not in the shadow of a multiply-accumulate
        builder.flags |= OperationFlag.SHADOW_BLOCKED
        builder.write(lists[0] if lists else [], "fmove")
        return
    half = len(lists) // 2
    if len(lists) == 4:  # two registers at once: jnk0le, alone
        builder.flags |= OperationFlag.ALONE
    for registers in lists[half:]:
        core = bool(registers) and registers[0] < FIRST_FLOAT
        to_core = bool(lists[0]) and lists[0][0] < FIRST_FLOAT
        builder.read(registers, "vmov" if core else "fmov_core" if to_core else "fmov")
    for registers in lists[:half]:
        to_core = bool(registers) and registers[0] < FIRST_FLOAT
        builder.write(registers, "core_move" if to_core else "fmove")


def _shifted_constant(instruction: Any) -> bool:
    """A modified immediate that is a rotated byte (ARMv7-M ARM A5.3.2): made by the shifter."""
    code = bytes(instruction.bytes)
    if len(code) != 4:
        return False
    first, second = code[0] | code[1] << 8, code[2] | code[3] << 8
    if first & 0xFA00 != 0xF000 or second & 0x8000:
        return False
    return bool(first >> 10 & 1 or second >> 14 & 1)


def _memory(builder: Roles, row: InstructionClass, instruction: Any) -> None:
    registers = [_numbers(instruction, operand.reg) for operand in _registers(instruction)]
    addresses = [operand for operand in instruction.operands if operand.type == arm.ARM_OP_MEM]
    multiple = row.memory.endswith("multiple")
    load = row.memory.startswith("load")
    base: list[int] = []
    if multiple:
        base, registers = _multiple_base(instruction, registers)
    for operand in addresses:
        base = _numbers(instruction, operand.mem.base) if operand.mem.base else []
        builder.read(_numbers(instruction, operand.mem.index) if operand.mem.index else [], "index")
    builder.read(base, "address")
    builder.flags |= OperationFlag.LOAD if load else OperationFlag.STORE
    if row.part:
        builder.flags |= OperationFlag.SUB_WORD_STORE
    # A post-index register or the list of an LDM; PC is loaded too but no later instruction waits for it.
    count = len(_registers(instruction)) - (1 if multiple and not _is_stack(instruction) else 0)
    words = count * (2 if instruction.op_str.find("d") >= 0 and registers and len(registers[0]) == 2 else 1)
    if multiple or row.name in ("load_double", "store_double"):
        builder.cycles = max(builder.cycles, (words + 1) // 2)
        builder.accesses = words
        if not load:
            builder.flags |= OperationFlag.MULTI_STORE
    elif addresses:
        builder.accesses = (
            0 if instruction.mnemonic.startswith("pld") else max(1, len(registers[0]) if registers else 1)
        )
    if load:
        for i, names in enumerate(registers):
            builder.write(names, row.kind, i // 2 if builder.cycles > 1 else 0)
    else:
        use = "fstore" if row.operand_use == "fstore" else "store"
        written = registers[:1] if row.name == "store_exclusive" else []
        for names in registers[len(written) :]:
            builder.read(names, use)
        for names in written:
            builder.write(names, row.kind)
    if row.double_alone and registers and len(registers[0]) == 2:
        builder.flags |= OperationFlag.ALONE | OperationFlag.SHADOW_BLOCKED
    if instruction.writeback or _is_stack(instruction):
        builder.write(base, "writeback")
    if load and any(instruction.reg_name(operand.reg) == "pc" for operand in _registers(instruction)):
        builder.flags |= OperationFlag.INDIRECT
        builder.flags |= OperationFlag.RETURN if base == [_CORE["sp"]] else 0
        builder.tags.add("branch")


def _is_stack(instruction: Any) -> bool:
    return instruction.insn_name() in ("push", "pop", "vpush", "vpop")


def _multiple_base(instruction: Any, registers: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    if _is_stack(instruction):
        return [_CORE["sp"]], registers
    return registers[0], registers[1:]


def _branch(builder: Roles, row: InstructionClass, instruction: Any) -> None:
    registers = [n for operand in _registers(instruction) for n in _numbers(instruction, operand.reg)]
    conditional = instruction.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
    flags = OperationFlag.INDIRECT
    if row.branch == "compare":
        flags = OperationFlag.CONDITIONAL
        builder.read(registers, "late")
    elif row.branch in ("direct", "call"):
        flags = OperationFlag.DIRECT
        flags |= OperationFlag.CALL if row.branch == "call" else 0
    elif row.branch == "register":
        builder.read(registers, "late")
        flags |= OperationFlag.CALL if instruction.insn_name() == "blx" else 0
        flags |= OperationFlag.RETURN if f"{instruction.insn_name()} {instruction.op_str}" in _RETURNS else 0
    if conditional:
        flags = flags & ~OperationFlag.DIRECT | OperationFlag.CONDITIONAL
    builder.flags |= flags
    if row.branch == "call" or instruction.insn_name() == "blx":
        builder.write([_CORE["lr"]], "early")


def _conditions(builder: Roles, name: str, instruction: Any) -> None:
    conditional = instruction.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
    if name in _COMPARES or (instruction.update_flags and name not in _READS_CARRY) or _has_s(instruction):
        builder.flags |= OperationFlag.SETS_FLAGS
        builder.write([FLAGS_REGISTER], "flags")
    if conditional and name not in ("it", "b"):
        builder.read([FLAGS_REGISTER], "flag")
        # If the condition fails the old value stays: it is an operand.
        kept = [
            (register, builder.table.uses["late"]) for register, _, _ in builder.destinations if register < FIRST_FLOAT
        ]
        builder.sources += kept
        builder.flags &= ~(OperationFlag.EARLY_OLDER | OperationFlag.EARLY_EITHER)
    elif name in _READS_CARRY:
        builder.read([FLAGS_REGISTER], "flag")
    if name == "vmrs":
        builder.write([FLAGS_REGISTER], "flags")


def _has_s(instruction: Any) -> bool:
    mnemonic = instruction.mnemonic.split(".")[0]
    return mnemonic in ("adcs", "sbcs", "rscs", "rrxs")
