"""A typed formula as a function like any other: ``ogive.define("tempered", "x*tanh(exp(x))")``.

The text is parsed by a parser of our own, differentiated as a tree and computed by steps made
from the tree; no part of it is executed. What pickles is the text, from which the rest is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ogive.errors import BadFormula, BadParameter
from ogive.functions import registry
from ogive.functions.activation import Activation, Definition, Facts, Parameter, Source
from ogive.functions.formula_derive import derivative
from ogive.functions.formula_open import opened
from ogive.functions.formula_parse import CONSTANTS, KNOWN, parse, short
from ogive.functions.formula_program import REHEARSAL, Program, program, switches
from ogive.functions.formula_rules import rebuilt
from ogive.functions.formula_tree import Node, parts
from ogive.numerics.elementary import Array

FAMILY = "formula"
SOURCE = Source("Your own formula; no source is known to Ogive")
SUMMARY = "Defined by its formula: what stands here was measured and is not proved."


@dataclass(frozen=True)
class Made:
    """A formula at given parameters: the programs of value, slope and switches."""

    value: Program
    slope: Program
    switches: tuple[Program, ...]


@lru_cache(maxsize=256)
def _make(text: str, names: tuple[str, ...], settings: tuple[float, ...]) -> Made:
    tree = rebuilt(parse(text, names), dict(zip(names, settings, strict=True)))
    return Made(
        program(tree),
        program(derivative(tree)),
        tuple(program(switch) for switch in switches(tree)),
    )


@dataclass(frozen=True)
class Value:
    """The value of a formula, called with x and the parameters, which must be numbers."""

    text: str
    names: tuple[str, ...] = ()

    def __call__(self, x: Array, *settings: float) -> Array:
        return _make(self.text, self.names, settings).value(x)

    def opened(self, act: Activation, names: tuple[str, ...]) -> Activation:
        """``act``, whose value this is, with the parameters ``names`` left open."""
        return opened(act, self.text, names)


@dataclass(frozen=True)
class Slope(Value):
    """The derivative of a formula by x."""

    def __call__(self, x: Array, *settings: float) -> Array:
        return _make(self.text, self.names, settings).slope(x)


@dataclass(frozen=True)
class Measured(Value):
    """The facts of a formula, called with the parameters by name."""

    def __call__(self, **parameters: float) -> Facts:  # type: ignore[override]
        return _measured(self.text, self.names, tuple(parameters[n] for n in self.names))


@lru_cache(maxsize=256)
def _measured(text: str, names: tuple[str, ...], settings: tuple[float, ...]) -> Facts:
    from ogive.functions.formula_measure import measure

    act = _definition(text, text, dict(zip(names, settings, strict=True)))()
    return measure(act, _make(text, names, settings).switches)


def _definition(name: str, text: str, parameters: dict[str, float]) -> Definition:
    names = tuple(parameters)
    return Definition(
        name=name,
        family=FAMILY,
        summary=SUMMARY,
        formula=text,
        value=Value(text, names),
        slope=Slope(text, names),
        facts=Measured(text, names),
        parameters=tuple(
            Parameter(n, v, meaning="a parameter of the formula") for n, v in parameters.items()
        ),
        source=SOURCE,
    )


def define(name: str, formula: str, /, **parameters: float) -> Activation:
    """The function ``formula`` of x under ``name``, from then on usable wherever a name is.

    ``formula`` is written over x, numbers, pi, e, the parameters, ``+ - * / **``,
    ``where(x > 0, a, b)``, max, min and functions such as exp, log, tanh, erf and sqrt.
    ``parameters`` give names to numbers that can be set later, ``get("tempered:a=2")``, and
    learned, ``act.module(learnable=["a"])``. A name that was defined before is defined anew; one of
    the catalogue is refused.

    Raises :class:`BadFormula` for a text that cannot be read, naming the column, and
    :class:`OgiveError` for a name or a parameter that cannot be used.

    >>> tempered = define("tempered", "x*tanh(exp(a*x))", a=1.0)
    >>> float(tempered(0.0)), round(float(tempered.slope(0.0)), 6)
    (0.0, 0.761594)
    """
    found = build(name, formula, parameters)
    registry.register_formula(found.definition)
    return found


def build(name: str, formula: str, parameters: dict[str, Any]) -> Activation:
    """As :func:`define`, without making the name known."""
    numbers = {}
    owner = short(name)
    for n, given in parameters.items():
        if n in {*KNOWN, *CONSTANTS} or not (n.isascii() and n.isidentifier()):
            raise BadParameter(
                f"{short(n)!r} cannot name a parameter of {owner}, because it means something in a "
                "formula or is no plain name; use another, such as a"
            )
        numbers[n] = Parameter(n, 1.0).check(owner, given)
    written = " ".join(formula.split()) if isinstance(formula, str) else formula
    tree = parse(written, tuple(numbers))
    used = _names(tree)
    for n in numbers:
        if n not in used:
            raise BadParameter(
                f"{owner} gives the parameter {n}, which its formula {short(written)!r} does not "
                "use; leave it out"
            )
    made = _definition(name, written, numbers)()
    with np.errstate(all="ignore"):
        if np.isnan(made.value_expression(REHEARSAL)).all():
            raise BadFormula(
                f"the formula {short(written)!r}, from column 1 on, gives no number for any x; "
                "look for logarithms and roots of negative numbers"
            )
    return made


def _names(tree: Node) -> set[str]:
    return {str(n.value) for n in parts(tree) if n.operation == "name"}


def from_text(text: str, parameters: dict[str, Any]) -> Activation:
    """The activation of a bare formula with the numbers of its parameters; it is its own name."""
    written = " ".join(text.split())
    numbers = {n: Parameter(n, 1.0).check(short(written), v) for n, v in sorted(parameters.items())}
    return _bare(written, tuple(numbers.items()))


@lru_cache(maxsize=256)
def _bare(written: str, numbers: tuple[tuple[str, float], ...]) -> Activation:
    return build(written, written, dict(numbers))


def is_defined(definition: Definition) -> bool:
    """Whether ``definition`` was made from a typed formula."""
    return isinstance(definition.value, Value)


def error(act: Activation) -> str | None:
    """For a typed formula, how far value and slope were found from the truth; else None."""
    from ogive.functions.formula_measure import measured_error

    value = act.definition.value
    if not isinstance(value, Value):
        return None
    return measured_error(act, parse(value.text, value.names))
