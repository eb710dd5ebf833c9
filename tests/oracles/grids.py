"""The four kinds of floating-point numbers: rounding to them, and distances in their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
from mpmath import mpf

from oracles.parts import Number

Array = Any


@dataclass(frozen=True)
class Grid:
    """The numbers of ``digits`` binary digits whose exponents begin at ``lowest``."""

    name: str
    digits: int
    lowest: int
    highest: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's name for it."""
        return np.dtype(ml_dtypes.bfloat16 if self.name == "bfloat16" else self.name)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float(np.ldexp(2.0 - 2.0 ** (1 - self.digits), self.highest))

    def spacings(self, y: Array) -> Array:
        """One unit in the last place of each element of ``y``, an array of longer floats."""
        exponents = np.maximum(np.frexp(y)[1] - 1, self.lowest)
        return np.ldexp(np.ones_like(y), exponents - self.digits + 1)

    def rounded(self, y: Array) -> Array:
        """``y`` rounded once, ties to even; the result is still of y's dtype."""
        with np.errstate(all="ignore"):
            spacing = self.spacings(np.where(np.isfinite(y), y, 1.0))
            near = np.rint(y / spacing) * spacing
            return np.where(np.abs(near) > self.largest, np.copysign(np.inf, near), near)

    def spacing(self, w: Number) -> Number:
        """One unit in the last place of ``w``."""
        exponent = mpmath.frexp(w)[1] - 1 if w else self.lowest
        return mpmath.ldexp(mpf(1), max(exponent, self.lowest) - self.digits + 1)

    def nearest(self, w: Number) -> float:
        """``w`` rounded once, ties to even."""
        spacing = self.spacing(w)
        near = mpmath.nint(w / spacing) * spacing
        return float(near) if abs(near) <= self.largest else float(mpmath.sign(w)) * np.inf

    def is_tie(self, w: Number) -> bool:
        """Whether 50 digits do not say to which side ``w`` lies of the middle of two numbers."""
        rest = w / self.spacing(w)
        return abs(abs(rest - mpmath.nint(rest)) - mpf("0.5")) < mpf("1e-40")

    def every(self) -> Array:
        """All 65,536 numbers of a 16-bit kind."""
        return np.arange(1 << 16, dtype=np.uint16).view(self.dtype)


FLOAT16 = Grid("float16", 11, -14, 15)
BFLOAT16 = Grid("bfloat16", 8, -126, 127)
FLOAT32 = Grid("float32", 24, -126, 127)
FLOAT64 = Grid("float64", 53, -1022, 1023)
