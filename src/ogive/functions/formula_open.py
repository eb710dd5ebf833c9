"""A formula with some of its parameters left open, for when they are learned.

At known numbers a formula is simplified with them put in. Here the named parameters stay in the
tree, so that one graph serves every number, and the derivatives by them are made from the tree in
the stable forms that those by x have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from ogive.functions.activation import Activation
from ogive.functions.formula_derive import derivative
from ogive.functions.formula_parse import parse
from ogive.functions.formula_program import Program, program
from ogive.functions.formula_rules import rebuilt
from ogive.functions.formula_tree import X, name
from ogive.numerics.elementary import Array

Numbers = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Open:
    """A derivative of a formula, called with x and the parameters ``names``, numbers or not.

    ``put_in`` are the other parameters. ``path`` says what derivative: -1 stands for x, and any
    other number for the open parameter at that place; the value has none.
    """

    text: str
    names: tuple[str, ...]
    put_in: Numbers = ()
    path: tuple[int, ...] = ()

    def __call__(self, x: Array, *settings: Any) -> Array:
        made = _program(self.text, self.names, self.put_in, self.path)
        if all(isinstance(s, float) for s in settings):
            made = made.at(*settings)
        return made(x, *settings)

    def along(self, place: int) -> Open:
        """The derivative of this by x (-1) or by the open parameter at ``place``."""
        return replace(self, path=(*self.path, place))


@lru_cache(maxsize=512)
def _program(text: str, names: tuple[str, ...], put_in: Numbers, path: tuple[int, ...]) -> Program:
    known = dict(put_in)
    tree = rebuilt(parse(text, (*names, *known)), known)
    for place in path:
        tree = derivative(tree, X if place < 0 else name(names[place]))
    return program(tree, names)


@lru_cache(maxsize=256)
def opened(act: Activation, text: str, names: tuple[str, ...]) -> Activation:
    """``act``, made from the formula ``text``, with the parameters ``names`` open."""
    left = tuple(n for n in act.parameters if n in names)
    put_in = tuple((n, v) for n, v in act.parameters.items() if n not in names)
    value = Open(text, left, put_in)
    definition = replace(
        act.definition,
        value=value,
        slope=value.along(-1),
        facts=partial(act.definition.facts, **dict(put_in)),
        parameters=tuple(p for p in act.definition.parameters if p.name in left),
    )
    return Activation(definition, tuple(act.parameters[n] for n in left))
