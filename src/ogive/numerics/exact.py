"""Constants that a float cannot hold, with the rest that it leaves."""

from __future__ import annotations

from fractions import Fraction


class Exact(float):
    """A float that also knows by how much it misses the number meant, to twice the precision.

    ``Exact("0.333...")`` takes digits, ``Exact(Fraction(1, 3))`` a fraction. It is an ordinary
    float everywhere but in a compiled kernel, and in an arithmetic operation its rest is lost.
    """

    rest: float

    def __new__(cls, number: str | Fraction) -> Exact:
        true = Fraction(number)
        made = super().__new__(cls, true)
        made.rest = float(true - Fraction(float(made)))
        return made


SQRT_HALF = Exact("0.70710678118654752440084436210484903928483593768847")
TWO_BY_ROOT_PI = Exact("1.1283791670955125738961589031215451716881012586580")
ROOT_2_BY_PI = Exact("0.79788456080286535587989211986876373695171726232986")
NORMAL_PEAK = Exact("0.39894228040143267793994605993438186847585863116493")
