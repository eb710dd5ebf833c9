"""What the number kinds of the kernels share: operations made from other operations.

An :class:`Arithmetic` turns the operations of a graph into instructions for one kind of number:
a float64 (:mod:`ogive.numerics.single`) or a pair of them (:mod:`ogive.numerics.pair`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ogive.numerics import reduction
from ogive.numerics.elementary import LESS_TANH
from ogive.numerics.ir import FLOAT, TRUTH, Block, Lane, absolute, fma, literal, select

INFINITY, NAN = math.inf, math.nan
MAGIC = 1.5 * 2.0**52  # adding it rounds to an integer, which its low bits then hold
MAGIC_BITS = int(literal(MAGIC), 16)
ONE_BITS = int(literal(1.0), 16)
ROOT_HALF_BITS = int(literal(math.sqrt(0.5)), 16)
TINY = 2.0**-1022
LOG2_E = 1.4426950408889634
# log(2) and pi/2 in parts; products of the leading ones with small integers are exact.
LN2 = (
    float.fromhex("0x1.62E42FEFA38p-1"),
    float.fromhex("0x1.EF35793C7673p-45"),
    float.fromhex("0x1.F97B57A079A19p-103"),
)
HALF_PI = (
    float.fromhex("0x1.921FB54442D18p0"),
    float.fromhex("0x1.1A62633145C07p-54"),
    float.fromhex("-0x1.F1976B7ED8FBCp-110"),
)
TWO_BY_PI = 0.6366197723675814


T = TypeVar("T")


class Arithmetic(ABC, Generic[T]):
    """Operations of a graph on one kind of number, called ``a`` and ``b`` below."""

    def __init__(self, block: Block) -> None:
        self.block = block

    # What each kind has its own way of

    @abstractmethod
    def of(self, lane: Lane) -> T:
        """A float64 as such a number."""

    @abstractmethod
    def constant(self, value: float, rest: float) -> T:
        """The number value + rest."""

    @abstractmethod
    def finish(self, a: T) -> Lane:
        """The nearest float64."""

    @abstractmethod
    def both(self, a: T) -> tuple[Lane, Lane]:
        """The leading float64 and what is left."""

    @abstractmethod
    def head(self, a: T) -> Lane:
        """The leading float64, for comparing."""

    @abstractmethod
    def choose(self, where: Lane, a: T, b: T) -> T:
        """a where ``where`` holds, b elsewhere."""

    @abstractmethod
    def add(self, a: T, b: T) -> T: ...

    @abstractmethod
    def subtract(self, a: T, b: T) -> T: ...

    @abstractmethod
    def multiply(self, a: T, b: T) -> T: ...

    @abstractmethod
    def divide(self, a: T, b: T) -> T: ...

    @abstractmethod
    def negative(self, a: T) -> T: ...

    @abstractmethod
    def abs_(self, a: T) -> T: ...

    @abstractmethod
    def sqrt(self, a: T) -> T: ...

    @abstractmethod
    def copysign(self, a: T, b: T | Lane) -> T: ...

    @abstractmethod
    def exp(self, a: T) -> T: ...

    @abstractmethod
    def expm1(self, a: T) -> T: ...

    @abstractmethod
    def log(self, a: T) -> T: ...

    @abstractmethod
    def log1p(self, a: T) -> T: ...

    @abstractmethod
    def log1p_inside(self, a: T) -> T: ...

    @abstractmethod
    def sin(self, a: T) -> T: ...

    @abstractmethod
    def cos(self, a: T) -> T: ...

    @abstractmethod
    def atan(self, a: T) -> T: ...

    @abstractmethod
    def erf(self, a: T) -> T: ...

    @abstractmethod
    def erfc(self, a: T) -> T: ...

    def _at(self, number: float) -> T:
        return self.constant(number, 0.0)

    # Comparing and choosing

    def greater(self, a: T, b: T) -> Lane:
        return self.head(a) > self.head(b)

    def greater_equal(self, a: T, b: T) -> Lane:
        return self.head(a) >= self.head(b)

    def less(self, a: T, b: T) -> Lane:
        return self.head(a) < self.head(b)

    def less_equal(self, a: T, b: T) -> Lane:
        return self.head(a) <= self.head(b)

    def equal(self, a: T, b: T) -> Lane:
        return self.head(a).same(self.head(b))

    def not_equal(self, a: T, b: T) -> Lane:
        return self.head(a)._compared("une", self.head(b))

    def and_(self, a: Lane, b: Lane) -> Lane:
        return a & b

    def or_(self, a: Lane, b: Lane) -> Lane:
        return a | b

    def where(self, condition: Any, a: T, b: T) -> T:
        if not (isinstance(condition, Lane) and condition.kind == TRUTH):
            condition = self.head(condition)._compared("une", 0.0)
        return self.choose(condition, a, b)

    def minimum(self, a: T, b: T) -> T:
        return self.choose(self.less(b, a), b, a)

    def maximum(self, a: T, b: T) -> T:
        return self.choose(self.greater(b, a), b, a)

    def keep_nan(self, a: T, b: T) -> T:
        return self.choose(self.head(a).is_nan(), a, b)

    def tame_positive(self, a: T) -> T:
        """As ``positive`` for an ``a`` that is no NaN."""
        return self.choose(self.head(a) > 0.0, self._at(1.0), self._at(0.0))

    def tame_sign(self, a: T) -> T:
        """As ``sign`` for an ``a`` that is no NaN."""
        below = self.choose(self.head(a) < 0.0, self._at(-1.0), self._at(0.0))
        return self.choose(self.head(a) > 0.0, self._at(1.0), below)

    def positive(self, a: T) -> T:
        return self.keep_nan(a, self.tame_positive(a))

    def sign(self, a: T) -> T:
        return self.keep_nan(a, self.tame_sign(a))

    def isinf(self, a: T) -> Lane:
        return self.head(self.abs_(a)).same(INFINITY)

    # Made from exp and its kin

    def divide_by(self, a: T, b: T, number: float) -> T:
        """a/b, where b is that constant."""
        return self.divide(a, b)

    def divide_by_fixed(self, a: T, b: T) -> T:
        """a/b, where b is the same for all elements."""
        return self.divide(a, b)

    def tame_divide(self, a: T, b: T) -> T:
        """a/b for b that is neither 0 nor infinite, nor near the ends of float64."""
        return self.divide(a, b)

    def log1p_unit(self, a: T) -> T:
        """log(1 + a) for 0 <= a <= 1."""
        return self.log1p_inside(a)

    def exp_below(self, a: T) -> T:
        """exp(a) for a <= 0, where what is far below 1 need not be 0."""
        return self.exp(a)

    def logistic(self, a: T) -> T:
        e = self.exp_below(self.negative(self.abs_(a)))
        one = self._at(1.0)
        return self.tame_divide(self.choose(self.head(a) < 0.0, e, one), self.add(e, one))

    def logistic_slope(self, a: T) -> T:
        e = self.exp(self.negative(self.abs_(a)))
        below = self.add(e, self._at(1.0))
        return self.tame_divide(e, self.multiply(below, below))

    def softplus_rest(self, a: T) -> T:
        return self.log1p_unit(self.exp_below(self.negative(self.abs_(a))))

    def softplus(self, a: T) -> T:
        inside = self.softplus_rest(a)
        # Far below 0 nothing is added, and what exp keeps apart stays so.
        return self.choose(
            self.head(a) < 0.0, inside, self.add(self.maximum(a, self._at(0.0)), inside)
        )

    def tanh(self, a: T) -> T:
        t = self.expm1(self.multiply(self._at(-2.0), self.abs_(a)))
        made = self.tame_divide(self.negative(t), self.add(t, self._at(2.0)))
        # -0, and what is so small that it is its own tangent
        made = self.choose(absolute(self.head(a)) < 1e-100, self.abs_(a), made)
        return self.copysign(made, self.head(a))

    def sinh(self, a: T) -> T:
        size = self.abs_(a)
        # exp(|x|) may overflow where its half does not.
        far = self.exp(self.subtract(size, self.constant(LN2_WHOLE[0], LN2_WHOLE[1])))
        t = self.expm1(self.minimum(size, self._at(40.0)))
        near = self.add(t, self.divide(t, self.add(t, self._at(1.0))))
        near = self.multiply(near, self._at(0.5))
        made = self.choose(self.head(size) < 40.0, near, far)
        return self.copysign(made, self.head(a))

    def cosh(self, a: T) -> T:
        half = self.exp(self.subtract(self.abs_(a), self.constant(*LN2_WHOLE)))
        return self.add(half, self.divide(self._at(0.25), half))

    def asinh(self, a: T) -> T:
        size = self.minimum(self.abs_(a), self._at(2.0**500))
        square = self.multiply(size, size)
        root = self.sqrt(self.add(square, self._at(1.0)))
        near = self.log1p(self.add(size, self.divide(square, self.add(root, self._at(1.0)))))
        far = self.add(
            self.log(self.maximum(self.abs_(a), self._at(1.0))), self.constant(*LN2_WHOLE)
        )
        big = self.head(self.abs_(a)) > 2.0**500
        return self.copysign(self.choose(big, far, near), self.head(a))

    def tan(self, a: T) -> T:
        return self.divide(self.sin(a), self.cos(a))

    def hypot(self, a: T, b: T) -> T:
        one, two = self.abs_(a), self.abs_(b)
        long, short = self.maximum(one, two), self.minimum(one, two)
        ratio = self.divide(short, long)
        root = self.sqrt(self.add(self.multiply(ratio, ratio), self._at(1.0)))
        made = self.multiply(long, root)
        return self.choose(self.head(long).same(0.0), long, made)

    def power(self, a: T, b: T) -> T:
        return self.exp(self.multiply(b, self.log(a)))

    def less_tanh(self, a: T) -> T:
        size = self.minimum(self.abs_(a), self._at(2.0))
        square = self.multiply(size, size)
        total = self._at(LESS_TANH[-1])
        for c in LESS_TANH[-2::-1]:
            total = self.add(self.multiply(total, square), self._at(c))
        inside = self.divide(self.multiply(self.multiply(total, square), size), self.cosh(size))
        inside = self.copysign(inside, self.head(a))
        outside = self.subtract(a, self.tanh(a))
        return self.choose(self.head(self.abs_(a)) < 2.0, inside, outside)

    # Shared pieces

    def quartered(self, n: Lane, quarter: int, sine: T, cosine: T) -> T:
        """sin(r + (n + quarter) pi/2) from sine and cosine of r."""
        k = n.bits() + quarter
        odd = _odd(k)
        made = self.choose(odd, cosine, sine)
        return self.choose(_odd(k >> 1), self.negative(made), made)

    def times_power(self, a: Lane, n: Lane) -> Lane:
        """a 2^n for an integral float n, however large, by the instruction for it (AVX-512)."""
        eight = "<8 x double>"
        function = "@llvm.x86.avx512.mask.scalef.pd.512"
        self.block.declared.add(f"declare {eight} {function}({eight}, {eight}, {eight}, i8, i32)")
        return self._by_eights(
            lambda one, two: (
                f"call {eight} {function}({eight} {one}, {eight} {two}, "
                f"{eight} zeroinitializer, i8 -1, i32 4)"
            ),
            a,
            n,
        )

    def reciprocal_estimate(self, b: Lane) -> Lane | None:
        """1/b to 2^-14, where the machine has an instruction for it."""
        block = self.block
        if "avx512f" not in block.features or block.lanes % 8:
            return None
        eight = "<8 x double>"
        function = "@llvm.x86.avx512.rcp14.pd.512"
        block.declared.add(f"declare {eight} {function}({eight}, {eight}, i8)")
        return self._by_eights(
            lambda one: f"call {eight} {function}({eight} {one}, {eight} zeroinitializer, i8 -1)", b
        )

    def _by_eights(self, instruction: Callable[..., str], *operands: Lane) -> Lane:
        """An instruction on eight lanes, for each eight of the block's."""
        block, parts = self.block, []
        eight, whole = "<8 x double>", block.vector(FLOAT)
        for start in range(0, block.lanes, 8):
            order = ", ".join(f"i32 {i}" for i in range(start, start + 8))
            given = [
                o.name
                if block.lanes == 8
                else block.do(
                    f"shufflevector {whole} {o.name}, {whole} poison, <8 x i32> <{order}>", FLOAT
                ).name
                for o in operands
            ]
            parts.append(block.do(instruction(*given), FLOAT))
        if len(parts) == 1:
            return parts[0]
        order = ", ".join(f"i32 {i}" for i in range(block.lanes))
        return block.do(
            f"shufflevector {eight} {parts[0].name}, {eight} {parts[1].name}, "
            f"{block.vector('i32')} <{order}>",
            FLOAT,
        )


def _odd(k: Lane) -> Lane:
    b = k.block
    return b.do(f"trunc {b.vector('i64')} {k.name} to {b.vector(TRUTH)}", TRUTH)


def quadrant(a: Lane, rest: Lane | None) -> tuple[Lane, Lane, Lane]:
    """(z, r, s) with a + rest = n pi/2 + r + s, where the low bits of z are those of n.

    Good to about 2^-60 for huge a, and to 2^-100 below.
    """
    z = fma(a, TWO_BY_PI, MAGIC)
    n = z - MAGIC
    # The leading part of pi/2 has 53 bits: a - n*part is exact by fma, as both are close.
    first = fma(-n, HALF_PI[0], a)
    product = n * HALF_PI[1]
    error = fma(n, HALF_PI[1], -product)
    r, s = two_sum(first, -product)
    s = s - error - n * HALF_PI[2]
    z, r, s = _huge_put_right(a, z, r, s)
    if rest is not None:
        # Further out the rest is itself an angle; that of a product then counts as its rounding.
        r, s = two_sum(r, s + select(absolute(a) < 2.0**45, rest, 0.0))
    return z, r, s


def _huge_put_right(a: Lane, z: Lane, r: Lane, s: Lane) -> tuple[Lane, Lane, Lane]:
    block = a.block
    block.declared.add(reduction.text(block.lanes, MAGIC))
    wide = block.vector(FLOAT)
    triple = f"{{{wide}, {wide}, {wide}}}"
    given = ", ".join(f"{wide} {lane.name}" for lane in (a, z, r, s))
    made = block.do(f"call {triple} @reduced({given})", FLOAT)
    return tuple(  # type: ignore[return-value]
        block.do(f"extractvalue {triple} {made.name}, {i}", FLOAT) for i in range(3)
    )


def two_sum(a: Lane, b: Any) -> tuple[Lane, Lane]:
    """(a + b rounded, the rest), exactly (Knuth)."""
    b = a.block.lane(b)
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def quick_two_sum(a: Lane, b: Lane) -> tuple[Lane, Lane]:
    """As :func:`two_sum`, where |a| >= |b| (Dekker)."""
    total = a + b
    return total, b - (total - a)


# log(2) as a pair.
LN2_WHOLE = (float.fromhex("0x1.62E42FEFA39EFp-1"), float.fromhex("0x1.ABC9E3B39803Fp-56"))
