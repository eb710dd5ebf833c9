"""What the tour holds up to the reader: numbers beside the texts', mistakes, measured claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

import numpy as np

from ogive.errors import OgiveError

CONFIDENCE = 0.95
Direction: TypeAlias = Literal["below 0", "above 0"]
HOLDS, FAILS, OPEN = "it holds here", "the opposite was measured", "not decided by these seeds"


def last_place(text: str) -> float:
    """One unit in the last digit of a printed number: 0.01 for "2.07", 1e-11 for "2.06e-9".

    >>> last_place("2.06e-9")
    1e-11
    """
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)  # the texts print no infinity
    return float(Decimal(1).scaleb(exponent))


@dataclass(frozen=True)
class Number:
    """A number as ``text`` prints it, beside ``value`` as computed now.

    ``source`` says who prints it: "the text", or "checked" for a figure that sets the text right.
    With ``at_most`` the printed number is a bound.
    """

    what: str
    text: str
    value: float
    source: Literal["the text", "checked"] = "the text"
    at_most: bool = False

    @property
    def holds(self) -> bool:
        """Whether ``value`` rounds to what is printed (or keeps the bound)."""
        printed = float(self.text)
        if self.at_most:
            return self.value <= printed
        # The sliver is for values that lie on the edge of rounding, as decimals may.
        return abs(self.value - printed) <= 0.5 * last_place(self.text) * (1 + 1e-9)


@dataclass(frozen=True)
class Erratum:
    """Where a text errs: what it ``says``, and what is ``so``."""

    says: str
    so: str


@dataclass(frozen=True)
class Chapter:
    """The checked part of a chapter: ``key`` is its row, S1 to S11 or C1 to C8."""

    key: str
    title: str
    numbers: tuple[Number, ...]
    errata: tuple[Erratum, ...] = ()

    def _repr_html_(self) -> str:
        from ogive.lab.shown import styled_html

        return styled_html(self)


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95% interval (Student's t)."""

    label: str
    mean: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, label: str, values: Sequence[float] | np.ndarray) -> Estimate:
        """The estimate from one value a seed; raises :class:`OgiveError` for fewer than two."""
        from scipy import stats

        seen = np.asarray(values, dtype=float)
        if len(seen) < 2:
            raise OgiveError(f"{label}: {len(seen)} seed gives no interval; measure at least 2")
        mean = float(seen.mean())
        error = float(seen.std(ddof=1)) / math.sqrt(len(seen))
        reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(seen) - 1)) * error
        return cls(label, mean, mean - reach, mean + reach, len(seen))


@dataclass(frozen=True)
class Claim:
    """A claim of a text, measured: ``estimates`` by candidate, and paired ``differences``.

    ``expected`` is the side of 0 on which the claim puts the differences; ``unit`` that of the
    numbers, and ``settings`` what was measured, on what, how often.
    """

    said: str
    unit: str
    estimates: tuple[Estimate, ...]
    differences: tuple[Estimate, ...]
    expected: Direction
    settings: str

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Of each difference, whether the claim holds: only where the interval is off 0."""
        return tuple(outcome(d, self.expected) for d in self.differences)

    def _repr_html_(self) -> str:
        from ogive.lab.shown import styled_html

        return styled_html(self)


def outcome(difference: Estimate, expected: Direction) -> str:
    """HOLDS, FAILS or OPEN, by the side of 0 on which the whole interval lies."""
    if difference.low <= 0 <= difference.high:
        return OPEN
    below = difference.high < 0
    return HOLDS if below == (expected == "below 0") else FAILS


def paired(
    said: str,
    unit: str,
    values: Mapping[str, np.ndarray],
    against: str,
    expected: Direction,
    settings: str,
) -> Claim:
    """A claim from one value a seed of each candidate: ``against`` minus every other one."""
    return Claim(
        said,
        unit,
        tuple(Estimate.of(label, seen) for label, seen in values.items()),
        tuple(
            Estimate.of(f"{against} − {label}", values[against] - seen)
            for label, seen in values.items()
            if label != against
        ),
        expected,
        settings,
    )
