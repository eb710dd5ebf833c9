"""What an expression costs, counted from the expression itself.

A :class:`Traced` stands in for the array and counts the operations done to it. The count is the
same on every machine, so a recommendation based on it does not change from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TRANSCENDENTAL = {"exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "atan", "erf", "erfc"}


@dataclass(frozen=True, order=True)
class Operations:
    """Operations an element: ``transcendental`` (exp, tanh, erf ...) and ``simple`` ones."""

    transcendental: int = 0
    simple: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(self.transcendental + other.transcendental, self.simple + other.simple)


class Traced:
    """An array that only counts; shared sub-expressions count once."""

    def __init__(self, seen: dict[tuple[Any, ...], Traced], key: tuple[Any, ...]) -> None:
        self.seen, self.key = seen, key

    def _made(self, name: str, *others: Any) -> Traced:
        parts = tuple(o.key if isinstance(o, Traced) else o for o in others)
        key = (name, self.key, *parts)
        return self.seen.setdefault(key, Traced(self.seen, key))

    @staticmethod
    def elementary(name: str, x: Traced, *rest: Any) -> Any:
        # Passing a NaN on is our promise, not the function's cost.
        return rest[0] if name == "keep_nan" else x._made(name, *rest)

    def __neg__(self) -> Traced:
        return self._made("negative")

    def _binary(name: str) -> Any:  # type: ignore[misc]
        return lambda self, other: self._made(name, other)

    __add__ = __radd__ = _binary("add")
    __mul__ = __rmul__ = _binary("multiply")
    __sub__, __rsub__ = _binary("subtract"), _binary("subtracted")
    __truediv__, __rtruediv__ = _binary("divide"), _binary("divided")
    __pow__ = _binary("power")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __eq__ = _binary("equal")
    __and__, __or__ = _binary("and"), _binary("or")
    __hash__ = object.__hash__


def count(*expressions: Any) -> Operations:
    """The operations that evaluating all ``expressions`` at one element takes."""
    seen: dict[tuple[Any, ...], Traced] = {}
    x = Traced(seen, ("x",))
    for expression in expressions:
        expression(x)
    hard = sum(key[0] in TRANSCENDENTAL for key in seen)
    return Operations(hard, len(seen) - hard)
