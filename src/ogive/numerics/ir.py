"""Vectors of floats as the text of LLVM instructions: what the kernels are written in.

A :class:`Lane` is a vector of float64 (or integers, or truth values), one for each element that
is computed at once; arithmetic on lanes writes instructions into a :class:`Block`. Equal
instructions are written once.
"""

from __future__ import annotations

import struct
from typing import Any

FLOAT, INTEGER, TRUTH = "double", "i64", "i1"


def literal(number: float) -> str:
    """A float64 as LLVM reads it without loss."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', number))[0]:016X}"


class Block:
    """Straight-line code on vectors of ``lanes`` elements, whose floats are of type ``number``."""

    def __init__(
        self, lanes: int, features: frozenset[str] = frozenset(), number: str = FLOAT
    ) -> None:
        self.lanes, self.features, self.number_type = lanes, features, number
        self.suffix = f"v{lanes}f{64 if number == FLOAT else 32}"
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self._known: dict[str, str] = {}

    def vector(self, kind: str) -> str:
        """The name of the vector type of ``kind``."""
        return f"<{self.lanes} x {self.number_type if kind == FLOAT else kind}>"

    def do(self, instruction: str, kind: str) -> Lane:
        """The result of ``instruction``, which is written unless it was before."""
        if instruction not in self._known:
            name = f"%v{len(self.lines)}"
            self.lines.append(f"  {name} = {instruction}")
            self._known[instruction] = name
        return Lane(self, self._known[instruction], kind)

    def number(self, value: float) -> Lane:
        """The same float in every lane."""
        return Lane(self, f"splat ({self.number_type} {literal(value)})", FLOAT)

    def integer(self, value: int) -> Lane:
        """The same integer in every lane."""
        return Lane(self, f"splat (i64 {value})", INTEGER)

    def lane(self, value: Any) -> Lane:
        """``value`` as a lane."""
        return value if isinstance(value, Lane) else self.number(float(value))

    def call(self, name: str, *operands: Any) -> Lane:
        """An intrinsic that takes and gives vectors of float64."""
        kind = self.vector(FLOAT)
        function = f"@llvm.{name}.{self.suffix}"
        self.declared.add(f"declare {kind} {function}({', '.join([kind] * len(operands))})")
        given = ", ".join(f"{kind} {self.lane(o).name}" for o in operands)
        return self.do(f"call {kind} {function}({given})", FLOAT)


class Lane:
    """A vector value: its name in the text, and what its elements are."""

    __slots__ = ("block", "kind", "name")

    def __init__(self, block: Block, name: str, kind: str) -> None:
        self.block, self.name, self.kind = block, name, kind

    def _made(self, operation: str, other: Any, swapped: bool = False) -> Lane:
        b = self.block
        if self.kind == INTEGER and isinstance(other, int):
            other = b.integer(other)
        right = b.lane(other)
        one, two = (right, self) if swapped else (self, right)
        return b.do(f"{operation} {b.vector(self.kind)} {one.name}, {two.name}", self.kind)

    def __add__(self, other: Any) -> Lane:
        return self._made("fadd" if self.kind == FLOAT else "add", other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Lane:
        return self._made("fmul", other)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Lane:
        return self._made("fsub" if self.kind == FLOAT else "sub", other)

    def __rsub__(self, other: Any) -> Lane:
        return self._made("fsub", other, True)

    def __truediv__(self, other: Any) -> Lane:
        return self._made("fdiv", other)

    def __rtruediv__(self, other: Any) -> Lane:
        return self._made("fdiv", other, True)

    def __neg__(self) -> Lane:
        b = self.block
        return b.do(f"fneg {b.vector(FLOAT)} {self.name}", FLOAT)

    def __and__(self, other: Any) -> Lane:
        return self._made("and", other)

    def __or__(self, other: Any) -> Lane:
        return self._made("or", other)

    def __lshift__(self, other: int) -> Lane:
        return self._made("shl", other)

    def __rshift__(self, other: int) -> Lane:
        """The arithmetic shift, which keeps the sign."""
        return self._made("ashr", other)

    def _compared(self, how: str, other: Any) -> Lane:
        b = self.block
        return b.do(f"fcmp {how} {b.vector(FLOAT)} {self.name}, {b.lane(other).name}", TRUTH)

    def __lt__(self, other: Any) -> Lane:
        return self._compared("olt", other)

    def __le__(self, other: Any) -> Lane:
        return self._compared("ole", other)

    def __gt__(self, other: Any) -> Lane:
        return self._compared("ogt", other)

    def __ge__(self, other: Any) -> Lane:
        return self._compared("oge", other)

    def same(self, other: Any) -> Lane:
        """Where both are equal numbers."""
        return self._compared("oeq", other)

    def differs(self, other: Any) -> Lane:
        """Where both are numbers and not equal: false for NaN."""
        return self._compared("one", other)

    def is_nan(self) -> Lane:
        """Where it is no number."""
        return self._compared("uno", self)

    def bits(self) -> Lane:
        """Its 64 bits as integers."""
        b = self.block
        return b.do(f"bitcast {b.vector(FLOAT)} {self.name} to {b.vector(INTEGER)}", INTEGER)

    def as_float(self) -> Lane:
        """The float64 with these bits."""
        b = self.block
        return b.do(f"bitcast {b.vector(INTEGER)} {self.name} to {b.vector(FLOAT)}", FLOAT)


def select(where: Lane, one: Any, two: Any) -> Lane:
    """``one`` in the lanes where ``where`` holds, ``two`` elsewhere."""
    b = where.block
    one, two = b.lane(one), b.lane(two)
    kind = b.vector(one.kind)
    return b.do(
        f"select {b.vector(TRUTH)} {where.name}, {kind} {one.name}, {kind} {two.name}", one.kind
    )


def fma(a: Lane, b: Any, c: Any) -> Lane:
    """a*b + c, rounded once."""
    return a.block.call("fma", a, b, c)


def absolute(a: Lane) -> Lane:
    """The absolute value."""
    return a.block.call("fabs", a)


def copysign(a: Any, b: Lane) -> Lane:
    """|a| with b's sign."""
    return b.block.call("copysign", a, b)


def smaller(a: Lane, b: Any) -> Lane:
    """The smaller of both; NaN if a is."""
    b = a.block.lane(b)
    return select(b < a, b, a)


def larger(a: Lane, b: Any) -> Lane:
    """The larger of both; NaN if a is."""
    b = a.block.lane(b)
    return select(b > a, b, a)


def polynomial(x: Lane, coefficients: tuple[float, ...]) -> Lane:
    """The polynomial with these coefficients, the constant term first, by Horner's rule."""
    made = x.block.number(coefficients[-1])
    for c in coefficients[-2::-1]:
        made = fma(made, x, c)
    return made


def integer_smaller(a: Lane, b: int) -> Lane:
    """The smaller of an integer and a number."""
    block, kind = a.block, a.block.vector(INTEGER)
    below = block.do(f"icmp slt {kind} {a.name}, {block.integer(b).name}", TRUTH)
    return select(below, a, block.integer(b))


def integer_larger(a: Lane, b: int) -> Lane:
    """The larger of an integer and a number."""
    block, kind = a.block, a.block.vector(INTEGER)
    above = block.do(f"icmp sgt {kind} {a.name}, {block.integer(b).name}", TRUTH)
    return select(above, a, block.integer(b))
