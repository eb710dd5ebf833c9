"""float64 kernels: everything computed in pairs of float64 and rounded once at the end.

A :class:`Pair` is the sum of two floats, the second at most a few units in the last place of the
first (Dekker 1971; Hida, Li, Bailey 2001); it holds about 105 bits. The elementary functions are
good to about 2^-58 (erf and erfc 2^-55), so that a result is within 0.52 ULP unless terms cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

from ogive.numerics import polynomials as poly
from ogive.numerics.arithmetic import (
    HALF_PI,
    INFINITY,
    LN2,
    LOG2_E,
    MAGIC,
    MAGIC_BITS,
    NAN,
    ONE_BITS,
    ROOT_HALF_BITS,
    TINY,
    Arithmetic,
    quadrant,
    quick_two_sum,
    two_sum,
)
from ogive.numerics.exact import TWO_BY_ROOT_PI
from ogive.numerics.ir import (
    Lane,
    absolute,
    copysign,
    fma,
    integer_larger,
    integer_smaller,
    larger,
    polynomial,
    select,
    smaller,
)


@dataclass(frozen=True)
class Pair:
    """(high + low) 2^power; no ``low`` and no ``power`` mean 0.

    What comes from exp keeps its power apart while it is only multiplied and divided, so that
    x*exp(x) loses nothing where exp(x) alone would be subnormal.
    """

    high: Lane
    low: Lane | None = None
    power: Lane | None = None
    nearest: bool = False  # high is the sum rounded, so that low need not be added at the end


def _plus(*lows: Lane | None) -> Lane | None:
    total: Lane | None = None
    for low in lows:
        if low is not None:
            total = low if total is None else total + low
    return total


def _counted(rest: Lane) -> Lane:
    """A rest; 0 where it is no number, as beside an infinity."""
    return select(absolute(rest) < INFINITY, rest, 0.0)


class Pairs(Arithmetic[Pair]):
    """Operations on pairs."""

    def of(self, lane: Lane) -> Pair:
        return Pair(lane)

    def constant(self, value: float, rest: float) -> Pair:
        return Pair(self.block.number(value), self.block.number(rest) if rest else None)

    def finish(self, a: Pair) -> Lane:
        made = a.high
        if a.low is not None and not a.nearest:
            # A rest of 0 would turn -0 into 0; one beside an infinity is no number.
            counts = a.low.differs(0.0) & (absolute(a.low) < INFINITY)
            made = select(counts, a.high + a.low, a.high)
        return made if a.power is None else self._scaled(made, a.power)

    def both(self, a: Pair) -> tuple[Lane, Lane]:
        a = self.settled(a)
        return a.high, a.low or self.block.number(0.0)

    def settled(self, a: Pair) -> Pair:
        """The same number with its power multiplied in."""
        if a.power is None:
            return a
        low = None if a.low is None else self._scaled(a.low, a.power)
        return Pair(self._scaled(a.high, a.power), low)

    def _scaled(self, a: Lane, power: Lane) -> Lane:
        """a 2^power, for |power| below 2044: in two steps, as 2^power may be no float."""
        half = power >> 1
        one = ((half << 52) + ONE_BITS).as_float()
        two = (((power - half) << 52) + ONE_BITS).as_float()
        return a * one * two

    def head(self, a: Pair) -> Lane:
        return self.settled(a).high

    def less(self, a: Pair, b: Pair) -> Lane:
        a, b = self.settled(a), self.settled(b)
        if a.low is None and b.low is None:
            return a.high < b.high
        none = self.block.number(0.0)
        return (a.high < b.high) | (a.high.same(b.high) & ((a.low or none) < (b.low or none)))

    def greater(self, a: Pair, b: Pair) -> Lane:
        return self.less(b, a)

    def choose(self, where: Lane, a: Pair, b: Pair) -> Pair:
        high = select(where, a.high, b.high)
        none = self.block.number(0.0)
        low = None
        if a.low is not None or b.low is not None:
            low = select(where, a.low or none, b.low or none)
        if a.power is None and b.power is None:
            nearest = all(p.nearest or p.low is None for p in (a, b))
            return Pair(high, low, nearest=nearest)
        same = self.block.integer(0)
        return Pair(high, low, select(where, a.power or same, b.power or same))

    def add(self, a: Pair, b: Pair) -> Pair:
        a, b = self.settled(a), self.settled(b)
        high, rest = two_sum(a.high, b.high)
        low = _plus(a.low, b.low)
        rest = rest if low is None else rest + low
        rest = _counted(rest)
        if low is None:
            return Pair(high, rest, nearest=True)
        return Pair(*quick_two_sum(high, rest))

    def subtract(self, a: Pair, b: Pair) -> Pair:
        return self.add(a, self.negative(b))

    def negative(self, a: Pair) -> Pair:
        return Pair(-a.high, None if a.low is None else -a.low, a.power, a.nearest)

    def multiply(self, a: Pair, b: Pair) -> Pair:
        high = a.high * b.high
        low = fma(a.high, b.high, -high)
        nearest = a.low is None and b.low is None and a.power is None and b.power is None
        if b.low is not None:
            low = fma(a.high, b.low, low)
        if a.low is not None:
            low = fma(a.low, b.high, low)
        power = a.power or b.power
        if a.power is not None and b.power is not None:
            power = self._held(a.power + b.power)
        return Pair(high, low, power, nearest)

    def _held(self, power: Lane) -> Lane:
        """A power within what two factors can make: beyond it all is 0 or infinite."""
        return integer_larger(integer_smaller(power, 2040), -2040)

    def divide(self, a: Pair, b: Pair) -> Pair:
        q = a.high / b.high
        rest = fma(-q, b.high, a.high)
        if a.low is not None:
            rest = rest + a.low
        if b.low is not None:
            rest = fma(-q, b.low, rest)
        near = self.reciprocal_estimate(b.high)
        low = rest / b.high if near is None else rest * near
        power = a.power
        if b.power is not None:
            power = self._held((a.power or self.block.integer(0)) - b.power)
        return Pair(q, _counted(low), power)

    def sqrt(self, a: Pair) -> Pair:
        a = self.settled(a)
        root = self.block.call("sqrt", a.high)
        rest = fma(-root, root, a.high)
        if a.low is not None:
            rest = rest + a.low
        low = rest / (root + root)
        return Pair(root, _counted(low))

    def copysign(self, a: Pair, b: Lane | Pair) -> Pair:
        side = b.high if isinstance(b, Pair) else b
        high = copysign(a.high, side)
        if a.low is None:
            return Pair(high, None, a.power)
        return Pair(high, select(high.same(a.high), a.low, -a.low), a.power)

    def abs_(self, a: Pair) -> Pair:
        if a.low is None:
            return Pair(absolute(a.high), None, a.power)
        return Pair(absolute(a.high), select(a.high < 0.0, -a.low, a.low), a.power)

    # exp and logarithm

    def _exp_parts(self, a: Pair) -> tuple[Pair, Lane]:
        """(exp(r) - 1, n) with a = n log(2) + r."""
        a = self.settled(a)
        high = smaller(larger(a.high, -FURTHEST), FURTHEST)
        n = fma(high, LOG2_E, MAGIC) - MAGIC
        first = fma(-n, LN2[0], high)
        r, rest = two_sum(first, -(n * LN2[1]))
        if a.low is not None:
            # Beside a clamped or infinite number the rest means nothing.
            r, rest = two_sum(r, rest + select(high.same(a.high), a.low, 0.0))
        square = r * r
        error = fma(r, r, -square)
        third = polynomial(r, poly.EXP_THIRD[11]) * (square * r)
        total, l1 = quick_two_sum(r, 0.5 * square)
        total, l2 = quick_two_sum(total, third)
        low = l1 + l2 + fma(r, rest, 0.5 * error) + rest
        return Pair(*quick_two_sum(total, low)), n

    def _whole(self, n: Lane) -> Lane:
        """An integral float64 as an integer."""
        return (n + MAGIC).bits() - MAGIC_BITS

    def exp(self, a: Pair) -> Pair:
        less, n = self._exp_parts(a)
        high, rest = quick_two_sum(self.block.number(1.0), less.high)
        assert less.low is not None
        low = rest + less.low
        # Beyond the bounds not even a product with the largest float would be a finite number.
        given = self.head(a)
        above, below = given > FURTHEST, given < -FURTHEST
        high = select(above, INFINITY, select(below, 0.0, high))
        return Pair(high, select(above | below, 0.0, low), self._whole(n))

    def expm1(self, a: Pair) -> Pair:
        a = self.settled(a)
        less, n = self._exp_parts(a)
        assert less.low is not None
        power = self._whole(n)
        high, rest = quick_two_sum(self.block.number(1.0), less.high)
        large = Pair(high, rest + less.low, power)  # where 1 less does not count
        scaled = Pair(less.high, less.low, power)
        whole = self._scaled(self.block.number(1.0), power)
        made = self.add(Pair(*two_sum(whole, -1.0)), scaled)
        # Where nothing was taken off, the pair is the result and -0 stays.
        plain = n.same(0.0)
        made = self.choose(plain, less, self.choose(n > 200.0, large, made))
        # What is tiny is its own result, and keeps the sign of a 0.
        return self.choose(absolute(a.high) < NEGLIGIBLE, a, made)

    def _log(self, u: Pair) -> Pair:
        """log(u) for positive normal u."""
        i = u.high.bits()
        k = (i - ROOT_HALF_BITS) >> 52
        shift = k << 52
        m = Pair((i - shift).as_float())
        if u.low is not None:
            # 2^-k in halves, as k may be 1024.
            half = k >> 1
            one = (self.block.integer(ONE_BITS) - (half << 52)).as_float()
            two = (self.block.integer(ONE_BITS) - ((k - half) << 52)).as_float()
            m = Pair(m.high, u.low * one * two)
        f = self.add(m, self.constant(-1.0, 0.0))
        s = self.divide(f, self.add(f, self.constant(2.0, 0.0)))
        w = s.high * s.high
        cube = s.high * w * polynomial(w, poly.LOG_REST[9])
        assert s.low is not None
        odd = Pair(*quick_two_sum(2.0 * s.high, 2.0 * s.low + cube))
        n = (k + MAGIC_BITS).as_float() - MAGIC
        whole = Pair(*quick_two_sum(n * LN2[0], n * LN2[1]))
        return self.choose(n.same(0.0), odd, self.add(whole, odd))

    def log(self, a: Pair) -> Pair:
        a = self.settled(a)
        high = a.high
        small = high < TINY
        scaled = self.choose(small, self.multiply(a, self.constant(2.0**54, 0.0)), a)
        made = self._log(scaled)
        shift = self.constant(-54 * LN2[0], -54 * LN2[1])
        made = self.choose(small, self.add(made, shift), made)
        return self._logged(high, 0.0, made)

    def log1p(self, a: Pair) -> Pair:
        return self._logged(self.head(a), -1.0, self.log1p_inside(a))

    def _logged(self, a: Lane, end: float, made: Pair) -> Pair:
        """``made``, but for what lies at or below the end of the logarithm, and infinity."""
        none = self.block.number(0.0)
        high = select(a.same(end), -INFINITY, select(a < end, NAN, made.high))
        high = select(a.same(INFINITY), a, select(a.is_nan(), a, high))
        return Pair(high, select(a > end, made.low or none, 0.0), made.power)

    def log1p_inside(self, a: Pair) -> Pair:
        """log(1 + a) for finite a above -1."""
        made = self._log(self.add(a, self.constant(1.0, 0.0)))
        return self.choose(absolute(self.head(a)) < NEGLIGIBLE, a, made)

    # periodic functions

    def _wave(self, a: Pair, quarter: int) -> Pair:
        a = self.settled(a)
        n, r, rest = quadrant(a.high, a.low)
        square = r * r
        error = fma(r, r, -square)
        sine = Pair(*quick_two_sum(r, fma(r * square, polynomial(square, poly.SIN_REST[7]), rest)))
        tail = square * square * polynomial(square, poly.COS_REST[7])
        total, left = quick_two_sum(self.block.number(1.0), -0.5 * square)
        cosine = Pair(*quick_two_sum(total, left + fma(-r, rest, fma(error, -0.5, tail))))
        return self.quartered(n, quarter, sine, cosine)

    def sin(self, a: Pair) -> Pair:
        # -0 and the smallest numbers come through the reduction as 0.
        return self.choose(absolute(self.head(a)) < NEGLIGIBLE, a, self._wave(a, 0))

    def cos(self, a: Pair) -> Pair:
        return self._wave(a, 1)

    def atan(self, a: Pair) -> Pair:
        a = self.settled(a)
        size = self.abs_(a)
        one = self.constant(1.0, 0.0)
        steep, middle = size.high > STEEP, size.high > MIDDLE
        above = self.choose(middle, self.subtract(size, one), size)
        above = self.choose(steep, self.negative(one), above)
        below = self.choose(steep, size, self.choose(middle, self.add(size, one), one))
        t = self.divide(above, below)
        w = t.high * t.high
        assert t.low is not None
        cube = t.high * w * polynomial(w, poly.ATAN_REST[12])
        turned = Pair(*quick_two_sum(t.high, t.low + cube))
        half, none = self.constant(HALF_PI[0], HALF_PI[1]), self.constant(0.0, 0.0)
        quarter = self.constant(HALF_PI[0] / 2, HALF_PI[1] / 2)
        start = self.choose(steep, half, self.choose(middle, quarter, none))
        made = self.choose(middle, self.add(start, turned), turned)
        made = self.choose(size.high < NEGLIGIBLE, size, made)
        return self.copysign(made, a.high)

    # error functions

    def _erfc_of(self, z: Pair) -> Pair:
        """erfc(z) for z >= 0."""
        z = self.minimum(z, self.constant(28.0, 0.0))
        four = self.constant(4.0, 0.0)
        t = self.divide(self.subtract(z, four), self.add(z, four))
        coefficients = poly.ERFC_SCALED[24]
        # All but the last steps of Horner's rule are small beside the constant term.
        inner = Pair(polynomial(t.high, coefficients[3:]))
        for c in coefficients[2::-1]:
            inner = self.add(self.multiply(inner, t), self.constant(c, 0.0))
        below = self.add(self.add(z, z), self.constant(1.0, 0.0))
        bell = self.exp(self.negative(self.multiply(z, z)))
        return self.divide(self.multiply(bell, inner), below)

    def _erf_near(self, a: Pair) -> Pair:
        """erf(a) for |a| <= 1/2, and anything elsewhere."""
        high = self.head(a)
        w = smaller(high * high, 0.25)
        cube = high * w * polynomial(w, poly.ERF_REST[9])
        first = self.multiply(a, self.constant(float(TWO_BY_ROOT_PI), TWO_BY_ROOT_PI.rest))
        return self.choose(absolute(high) < NEGLIGIBLE, first, self.add(first, Pair(cube)))

    def erf(self, a: Pair) -> Pair:
        size = self.abs_(a)
        far = self.subtract(self.constant(1.0, 0.0), self._erfc_of(size))
        made = self.choose(self.head(size) < 0.5, self._erf_near(size), far)
        return self.copysign(made, a.high)

    def erfc(self, a: Pair) -> Pair:
        a = self.settled(a)
        size = self.abs_(a)
        near = self.subtract(self.constant(1.0, 0.0), self._erf_near(a))
        far = self._erfc_of(size)
        below = self.subtract(self.constant(2.0, 0.0), far)
        return self.choose(size.high < 0.5, near, self.choose(a.high < 0.0, below, far))


STEEP, MIDDLE = 2.414213562373095, 0.41421356237309503
FURTHEST = 1400.0  # of exp: 2 to that power is near the square of the largest float
NEGLIGIBLE = 1e-100  # the square of what is smaller does not count beside 1
