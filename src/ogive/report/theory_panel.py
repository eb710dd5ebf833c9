"""What mean-field theory says of each candidate of a study, at the weights that it was given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.meanfield.theory import Theory, theory
from ogive.meanfield.words import FAR, NOTHING, UNCHANGED
from ogive.study.record import Study

NONE = "-"


@dataclass(frozen=True)
class Told:
    """A line of the panel; what theory does not know is a dash, and ``words`` say why."""

    label: str
    mean_shift: str
    gain: str
    chi: str
    depth: str
    words: str


def told(study: Study, labels: Sequence[str] | None = None) -> list[Told]:
    """A line for each of ``labels``, by default all candidates in the order of the plan.

    Nothing of it is stored: it follows from the function and its gain.
    """
    shown = study.plan.labels if labels is None else labels
    return [_line(label, study.functions[label]) for label in shown]


def _line(label: str, stored: Mapping[str, Any]) -> Told:
    gain = float(stored["gain"])
    found = _theory(str(stored["function"]), gain) if stored["catalogued"] else None
    shown = f"{gain:.3f}"
    if found is None:
        words = "Not known here: the study stored no more than the function's curve."
        return Told(label, NONE, shown, NONE, NONE, words)
    if isinstance(found, str):
        return Told(label, NONE, shown, NONE, NONE, found)
    shift = 0.0 if abs(found.mean_shift) < NOTHING else found.mean_shift
    chi = NONE if found.chi is None else f"{found.chi:.3f}"
    centred = f"{shift:.2f}".replace("-", "−")
    return Told(label, centred, shown, chi, _depth(found), brief(found))


@lru_cache(maxsize=256)
def _theory(name: str, gain: float) -> Theory | str | None:
    """The theory, why there is none, or None for a function that is not known here."""
    try:
        act = registry.get(name)
    except OgiveError:
        return None
    try:
        return theory(act, sigma_w=gain)
    except OgiveError as error:
        return f"{str(error)[:1].upper()}{str(error)[1:]}."


def _depth(found: Theory) -> str:
    depth = found.trainable_depth
    if depth is None:
        return NONE
    return "any" if depth > FAR else f"{max(1, round(depth))}"


def brief(found: Theory) -> str:
    """The verdict, shortened: what becomes of signal, gradient and nearby inputs, layer by layer.

    The whole of it is ``ogive.theory(name).verdict``.
    """
    factor = found.gradient_factor
    if factor is None:
        return "Signal grows without bound."
    signal = {
        "settles": "Signal keeps its variance",
        "kept": "Signal keeps every variance",
        "grows": "Signal grows without bound",
        "fades": "Signal fades",
    }[found.fate]
    if found.fate == "settles" and abs(found.length_slope or 0.0) > 1 + UNCHANGED:
        signal += ", though not stably"
    if abs(factor - 1) < UNCHANGED:
        gradient = "gradient keeps its size"
    elif factor == 0:
        gradient = "gradient is lost after one layer"
    else:
        grows = "grows" if factor > 1 else "shrinks"
        gradient = f"gradient {grows} × {math.sqrt(factor):.2f} a layer"
    if found.chi is None:
        return f"{signal}; {gradient}; a jump parts inputs however near."
    ends = {"ordered": "; inputs come to look alike", "chaotic": "; inputs nearby part"}
    return f"{signal}; {gradient}{ends.get(found.phase or '', '')}."


def caption(study: Study) -> str:
    """How to read the panel."""
    depth = study.plan.depth
    here = (
        f"The networks of this study have {depth} hidden layer{'' if depth == 1 else 's'}; what a "
        "factor a layer does grows with their number."
        if depth
        else "It is a guide to a model of your own as far as that is plain: normalisation and "
        "skips change what happens."
    )
    return (
        "Mean-field theory of wide random networks, before any training, at the gain that keeps "
        "each function's variance: mean shift is E f/√E f², χ the factor a layer of the squared "
        "gradient, and depth the number of layers that a plain network stays trainable to, about "
        "six depth scales (Schoenholz and others 2017, arXiv:1611.01232). "
        f"{here}"
    )
