"""The true values, written independently of the catalogue: mpmath, 50 digits, no shared code.

Each oracle is a pair (value, slope) of functions of x and the entry's parameters, all mpmath
numbers, in the file of its family. Conventions at kinks are written out. An entry of the
catalogue without an oracle here fails the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mpmath import mpf

from ogive.functions import Activation, registry
from ogive.functions.activation import Definition
from oracles import classics, gated, periodic, piecewise, smooth, squashing
from oracles.parameters import PARAMETER_TERMS
from oracles.parts import Number, Oracle

FAMILIES = (classics, piecewise, squashing, smooth, gated, periodic)
ORACLES: dict[str, Oracle] = {}
TERMS: dict[str, Oracle] = {}
for family in FAMILIES:
    ORACLES |= family.ORACLES
    TERMS |= getattr(family, "TERMS", {})


def _no_terms(x: Number, *settings: Number) -> Number:
    return mpf(0)


def _beside_a_dip(x: Number, *settings: Number) -> Number:
    return mpf(1) if -2 < x < -0.5 else mpf(0)


def terms(act: Activation, what: str) -> Callable[..., Number]:
    """The size of the terms that nearly cancel at x, where value or slope is close to a root.

    There a relative error says nothing, so the tests allow one relative to these terms: most
    functions that dip below 0 have a slope with a root between -2 and -0.5.
    """
    if what not in ("value", "slope"):
        return PARAMETER_TERMS.get((act.name, what.removeprefix("by ")), _no_terms)
    if act.name in TERMS:
        return TERMS[act.name][what == "slope"]
    return _beside_a_dip if what == "slope" else _no_terms


@lru_cache(maxsize=1 << 18)
def true_value(act: Activation, x: float) -> Number:
    """f(x) to 50 digits."""
    return ORACLES[act.name][0](mpf(x), *map(mpf, act.settings))


@lru_cache(maxsize=1 << 18)
def true_slope(act: Activation, x: float) -> Number:
    """f'(x) to 50 digits, with the catalogue's convention at kinks."""
    return ORACLES[act.name][1](mpf(x), *map(mpf, act.settings))


def elementwise() -> list[Definition]:
    """The catalogue's elementwise entries, without what tests have registered."""
    return [
        entry
        for entry in registry.entries()
        if isinstance(entry, Definition)
        and entry.value.__module__.startswith("ogive.")
        and entry.family != "formula"
    ]


def variants() -> list[Activation]:
    """Every elementwise entry as it comes, and with each parameter at its bounds and elsewhere."""
    found = []
    for entry in elementwise():
        found.append(entry())
        for p in entry.parameters:
            inside = [v for v in (-1.75, 0.3, 0.5, 1.25, 2.5) if p.low < v < p.high][:2]
            for value in (p.low, *inside, p.high):
                if value != p.default and not (p.positive and value == 0):
                    found.append(entry(**{p.name: value}))
    return found


def by_label(act: Activation) -> str:
    """The name of a test's parameter."""
    return act.label
