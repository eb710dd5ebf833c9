"""float32 kernels: everything computed in float64 and rounded once at the end.

``Single(short=True)`` uses polynomials and quotients to about 2^-28, which leaves float32 results
within 0.6 ULP unless terms cancel; otherwise they are good to about 2^-51. Infinities, zeros and
NaN give what the elementary functions give; exp is 0 below -707 and exp(709) above, which
float32 cannot tell from infinity.
"""

from __future__ import annotations

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
)
from ogive.numerics.exact import TWO_BY_ROOT_PI
from ogive.numerics.ir import (
    Block,
    Lane,
    absolute,
    copysign,
    fma,
    larger,
    polynomial,
    select,
    smaller,
)

__all__ = ["Single"]


class Single(Arithmetic[Lane]):
    """Operations on one float64 a lane."""

    def __init__(self, block: Block, *, short: bool) -> None:
        super().__init__(block)
        self.short = short
        self.scales = "avx512f" in block.features

    def of(self, lane: Lane) -> Lane:
        return lane

    def constant(self, value: float, rest: float) -> Lane:
        return self.block.number(value)

    def finish(self, a: Lane) -> Lane:
        return a

    def both(self, a: Lane) -> tuple[Lane, Lane]:
        return a, self.block.number(0.0)

    def head(self, a: Lane) -> Lane:
        return a

    def add(self, a: Lane, b: Lane) -> Lane:
        return a + b

    def subtract(self, a: Lane, b: Lane) -> Lane:
        return a - b

    def multiply(self, a: Lane, b: Lane) -> Lane:
        return a * b

    def negative(self, a: Lane) -> Lane:
        return -a

    def divide(self, a: Lane, b: Lane) -> Lane:
        near = self.reciprocal_estimate(b)
        if near is None:
            return a / b
        made = self.tame_divide(a, b)
        # Dividing by 0 or infinity leaves no error to correct.
        return select(made.is_nan(), a * near, made)

    def tame_divide(self, a: Lane, b: Lane) -> Lane:
        """a/b for b that is neither 0 nor infinite, nor near the ends of float64."""
        near = self.reciprocal_estimate(b)
        if near is None:
            return a / b
        better = fma(near, fma(-b, near, 1.0), near)
        if self.short:
            return a * better
        better = fma(better, fma(-b, better, 1.0), better)
        q = a * better
        return fma(fma(-b, q, a), better, q)

    def divide_by(self, a: Lane, b: Lane, number: float) -> Lane:
        inverse = 1.0 / number if number else INFINITY
        return a * inverse if 0.0 < abs(inverse) < INFINITY else a / b

    def divide_by_fixed(self, a: Lane, b: Lane) -> Lane:
        # The compiler takes the reciprocal out of the loop, so it may as well be exact: exp
        # would magnify the error of a short one.
        return a * (self.block.number(1.0) / b)

    def sqrt(self, a: Lane) -> Lane:
        return self.block.call("sqrt", a)

    def choose(self, where: Lane, a: Lane, b: Lane) -> Lane:
        return select(where, a, b)

    def copysign(self, a: Lane, b: Lane) -> Lane:
        return copysign(a, b)

    def abs_(self, a: Lane) -> Lane:
        return absolute(a)

    # exp and logarithm

    def _exp_parts(self, a: Lane, coefficients: int) -> tuple[Lane, Lane]:
        """(exp(r) - 1, z) with a = n log(2) + r, where the low bits of z are those of n."""
        z = fma(a, LOG2_E, MAGIC)
        n = z - MAGIC
        r = fma(-n, sum(LN2), a) if self.short else fma(-n, LN2[1], fma(-n, LN2[0], a))
        rest = polynomial(r, poly.EXP_REST[coefficients if self.short else 11])
        return fma(r * r, rest, r), z

    def exp(self, a: Lane) -> Lane:
        if self.scales:
            return self._exp_within(smaller(larger(a, -FURTHEST), FURTHEST))
        made = self._exp_within(smaller(larger(a, LOWEST), HIGHEST))
        return select(a < LOWEST, 0.0, made)

    def exp_below(self, a: Lane) -> Lane:
        return self._exp_within(larger(a, -FURTHEST if self.scales else LOWEST))

    def _exp_within(self, a: Lane) -> Lane:
        less, z = self._exp_parts(a, 5)
        if self.scales:
            return self.times_power(less + 1.0, z - MAGIC)
        return ((less + 1.0).bits() + (z.bits() << 52)).as_float()

    def expm1(self, a: Lane) -> Lane:
        less, z = self._exp_parts(smaller(larger(a, LOWEST), HIGHEST), 6)
        power = ((z.bits() << 52) + ONE_BITS).as_float()
        return fma(power, less, power - 1.0)

    def _log(self, u: Lane, rest: Lane | None) -> Lane:
        """log(u + rest) for positive normal u."""
        i = u.bits()
        k = (i - ROOT_HALF_BITS) >> 52
        shift = k << 52
        f = (i - shift).as_float() - 1.0
        if rest is not None:
            f = f + rest * ((u.block.integer(ONE_BITS) - shift).as_float())
        s = self.tame_divide(f, f + 2.0)
        w = s * s
        odd = fma(s * w, polynomial(w, poly.LOG_REST[4 if self.short else 7]), 2.0 * s)
        n = (k + MAGIC_BITS).as_float() - MAGIC
        return fma(n, LN2[0], fma(n, LN2[1], odd))

    def log(self, a: Lane) -> Lane:
        small = a < TINY
        made = self._log(select(small, a * 2.0**54, a), None)
        made = select(small, made - 54 * (LN2[0] + LN2[1]), made)
        made = select(a > 0, made, select(a.same(0.0), -INFINITY, NAN))
        return select(a.same(INFINITY), a, made)

    def log1p(self, a: Lane) -> Lane:
        made = self.log1p_inside(a)
        made = select(a > -1, made, select(a.same(-1.0), -INFINITY, NAN))
        made = select(a.same(INFINITY), a, made)
        # -0 would come back as 0.
        return select(a.same(0.0), a, made)

    def log1p_inside(self, a: Lane) -> Lane:
        """log(1 + a) for finite a above -1."""
        u = a + 1.0
        back = u - 1.0
        return self._log(u, (1.0 - (u - back)) + (a - back))

    def log1p_unit(self, a: Lane) -> Lane:
        s = self.tame_divide(a, a + 2.0)
        w = s * s
        return fma(s * w, polynomial(w, poly.LOG_UNIT[5 if self.short else 12]), 2.0 * s)

    def less_tanh(self, a: Lane) -> Lane:
        near = smaller(absolute(a), 1.0)
        w = near * near
        inside = copysign(near * w * polynomial(w, poly.LESS_TANH[9 if self.short else 20]), a)
        return select(absolute(a) < 1.0, inside, a - self.tanh(a))

    # periodic functions

    def _wave(self, a: Lane, quarter: int) -> Lane:
        n, r, rest = quadrant(a, None)
        r = r + rest
        w = r * r
        sine = fma(r * w, polynomial(w, poly.SIN_REST[7]), r)
        cosine = fma(w * w, polynomial(w, poly.COS_REST[7]), fma(w, -0.5, 1.0))
        return self.quartered(n, quarter, sine, cosine)

    def sin(self, a: Lane) -> Lane:
        # -0 and the smallest numbers come through the reduction as 0.
        return select(absolute(a) < TINY_ANGLE, a, self._wave(a, 0))

    def cos(self, a: Lane) -> Lane:
        return self._wave(a, 1)

    def atan(self, a: Lane) -> Lane:
        size = absolute(a)
        steep, middle = size > STEEP, size > MIDDLE
        above = select(steep, -1.0, select(middle, size - 1.0, size))
        below = select(steep, size, select(middle, size + 1.0, 1.0))
        t = self.divide(above, below)
        w = t * t
        made = fma(t * w, polynomial(w, poly.ATAN_REST[12]), t)
        made = made + select(steep, HALF_PI[0], select(middle, HALF_PI[0] / 2, 0.0))
        return copysign(made, a)

    # error functions

    def _erfc_of(self, z: Lane) -> Lane:
        """erfc(z) for z >= 0."""
        if self.short:
            y = self.tame_divide(self.block.number(1.0), z + 3.0)
            t = fma(y, poly.Y_SCALE, poly.Y_SHIFT)
            return self.exp_below(-(z * z)) * (y * polynomial(t, poly.ERFC_BY_Y[10]))
        z = smaller(z, 26.0)
        one, two = z + 4.0, fma(z, 2.0, 1.0)
        inverse = self.tame_divide(self.block.number(1.0), one * two)
        t = (z - 4.0) * (two * inverse)
        scaled = polynomial(t, poly.ERFC_SCALED[24])
        return self._exp_within(-(z * z)) * scaled * (one * inverse)

    def erf(self, a: Lane) -> Lane:
        size = absolute(a)
        near = smaller(size, 0.5)
        w = near * near
        small = fma(
            near * w,
            polynomial(w, poly.ERF_REST[5 if self.short else 9]),
            near * float(TWO_BY_ROOT_PI),
        )
        return copysign(select(size < 0.5, small, 1.0 - self._erfc_of(size)), a)

    def erfc(self, a: Lane) -> Lane:
        far = self._erfc_of(absolute(a))
        return select(a < 0, 2.0 - far, far)


LOWEST, HIGHEST = -707.0, 709.0  # of exp; beyond them float32 has 0 and infinity
FURTHEST = 1000.0  # where the instruction for powers gives 0 and infinity by itself
STEEP, MIDDLE = 2.414213562373095, 0.41421356237309503
TINY_ANGLE = 1e-100
