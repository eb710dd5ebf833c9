"""Parameter families for pictures: ``elu:alpha=0.1..2`` is one function at several values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ogive.errors import BadParameter, OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation

STEPS = 5  # values from the first to the last, where two are given
MOST = 12  # more cannot be told apart
_RANGE = re.compile(r"\s*(\w+)\s*=\s*([^:]*\.\.[^:]*)")


@dataclass(frozen=True)
class Member:
    """A function of a picture; in a family, its number and its place in it, from 0 to 1."""

    label: str
    function: Activation
    family: int | None = None
    place: float = 0.0


def members(functions: Sequence[Activation | str]) -> list[Member]:
    """The functions of a picture, each family spread out.

    ``elu:alpha=0.1..2`` stands for five values from 0.1 to 2, evenly spaced, and
    ``elu:alpha=0.1..0.5..2`` for those three. Raises :class:`OgiveError` where there is nothing to
    draw, :class:`BadParameter` for a range that cannot be read, and what :func:`ogive.get` raises.
    """
    if not functions:
        raise OgiveError("there is no function to draw; name at least one, for example 'relu'")
    found: list[Member] = []
    families = 0
    for function in functions:
        spread = _spread(function) if isinstance(function, str) else None
        if spread is None:
            single = registry.get(function)
            found.append(Member(single.label, single))
            continue
        last = len(spread) - 1
        found += [
            Member(text, registry.get(text), families, i / last) for i, text in enumerate(spread)
        ]
        families += 1
    return found


def _spread(text: str) -> list[str] | None:
    """The family that ``text`` names, each member's name; None for a single function."""
    parts = text.split(":")
    ranges = [i for i, part in enumerate(parts) if i and ".." in part]
    if not ranges:
        return None
    if len(ranges) > 1:
        raise BadParameter(
            f"{text!r} lets {len(ranges)} parameters vary; give a range to one, and draw the "
            f"others as families of their own"
        )
    (at,) = ranges
    matched = _RANGE.fullmatch(parts[at])
    if matched is None:
        raise BadParameter(f"{text!r}: {parts[at]!r} is no range; write it as alpha=0.1..2")
    name, values = matched.group(1), _values(text, matched.group(2))
    made = []
    for value in values:
        parts[at] = f"{name}={value:.12g}"
        made.append(":".join(parts))
    return made


def _values(text: str, span: str) -> list[float]:
    try:
        ends = [float(word) for word in span.split("..")]
    except ValueError:
        ends = [np.nan]
    if not np.isfinite(ends).all():
        raise BadParameter(
            f"{text!r}: {span.strip()!r} is no range of numbers; write its ends with two dots "
            f"between them, for example elu:alpha=0.1..2"
        )
    if sorted(set(ends)) != ends:
        raise BadParameter(f"{text!r}: the values of {span.strip()!r} do not ascend; let them")
    if len(ends) > MOST:
        raise BadParameter(f"{text!r} names {len(ends)} values; give at most {MOST}")
    return np.linspace(ends[0], ends[-1], STEPS).tolist() if len(ends) == 2 else ends
