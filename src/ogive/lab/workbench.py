"""The playground's functions: chosen or typed, looked at in a point, and where they saturate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import torch
from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.lab.pictures import Curve, Panel, Picture
from ogive.meanfield.gains import gain
from ogive.meanfield.moments import Moments, moments
from ogive.meanfield.theory import Theory, theory
from ogive.numerics.quadrature import Floats
from ogive.report.figures import curves

REACH = 6.0  # of the pictures
WIDEST = 5.0  # of a slider, beyond the default, where a parameter has no bound
GAIN, USUAL, CRITICAL, OWN = (
    "variance-keeping gain", "PyTorch's default", "edge of chaos", "my own (sliders)"
)  # fmt: skip
INITIALISATIONS = (GAIN, USUAL, CRITICAL, OWN)
FAN_IN = 256  # of PyTorch's default


@dataclass(frozen=True)
class Chosen:
    """A function, or the sentence that says why there is none."""

    act: Activation | None
    problem: str = ""


def chosen(name: str, typed: str = "") -> Chosen:
    """The function typed, or the one called ``name`` where nothing is."""
    try:
        act = registry.get(typed.strip() or name)
        moments(act)  # a function without moments has no gain, and no network
    except OgiveError as error:
        return Chosen(None, str(error))
    return Chosen(act)


@dataclass(frozen=True)
class Slider:
    """The range of a parameter's slider."""

    name: str
    low: float
    high: float
    step: float
    value: float


def sliders(act: Activation) -> tuple[Slider, ...]:
    """A slider for each parameter, within its bounds."""
    made = []
    for parameter in act.definition.parameters:
        value = act.parameters[parameter.name]
        low = max(parameter.low, min(value, 0.0) - WIDEST)
        high = min(parameter.high, max(value, 0.0) + WIDEST)
        step = (high - low) / 100
        if parameter.positive and low == 0:
            low = step
        made.append(Slider(parameter.name, low, high, step, value))
    return tuple(made)


def tuned(act: Activation, settings: dict[str, float]) -> Chosen:
    """The function at the sliders' settings."""
    try:
        made = registry.get(act, **settings)
        moments(made)
    except OgiveError as error:
        return Chosen(None, str(error))
    return Chosen(made)


def second(act: Activation, x: Floats) -> Floats:
    """f''(x): the derivative of the slope, at kinks by the slope's own convention."""
    t = torch.tensor(np.asarray(x, dtype=float), requires_grad=True)
    slope = act.slope(t)
    if not slope.requires_grad:  # a constant slope
        return np.zeros_like(t.detach().numpy())
    (found,) = torch.autograd.grad(slope.sum(), t)
    return np.asarray(found.numpy())


@dataclass(frozen=True)
class Reading:
    """A function at a point, and its means over normal inputs of variance ``spread``."""

    label: str
    formula: str
    value: float
    slope: float
    second: float
    means: Moments
    gain: float | None


def reading(act: Activation, x: float, spread: float = 1.0) -> Reading:
    """Value, slope, second derivative at ``x``, and moments at N(0, ``spread``)."""
    try:
        scale: float | None = gain(act)
    except OgiveError:
        scale = None
    return Reading(
        act.label, act.definition.formula, float(act(x)), float(act.slope(x)),
        float(second(act, np.array([x]))[0]), moments(act, 0.0, spread), scale,
    )  # fmt: skip


def picture(acts: Sequence[Activation], x: float) -> Picture:
    """Value, slope and second derivative of the functions, marked at ``x``."""
    drawn = curves(acts, -REACH, REACH)
    bent = []
    for act, curve in zip(acts, drawn, strict=True):
        bent.append(_broken(second(act, curve.x), curve.x, act))
    named = [c.label for c in drawn]
    value = tuple((x, float(a(x)), "") for a in acts)
    slope = tuple((x, float(a.slope(x)), "") for a in acts)
    return Picture(
        "The functions",
        f"The point is x = {x:g}.",
        (
            Panel("value", "x", "f(x)",
                  tuple(Curve(n, c.x, c.value) for n, c in zip(named, drawn, strict=True)),
                  marks=value),
            Panel("slope", "x", "f'(x)",
                  tuple(Curve(n, c.x, c.slope) for n, c in zip(named, drawn, strict=True)),
                  marks=slope),
            Panel("second derivative", "x", "f''(x)",
                  tuple(Curve(n, c.x, b) for n, c, b in zip(named, drawn, bent, strict=True))),
        ),
    )  # fmt: skip


def _broken(values: Floats, x: Floats, act: Activation) -> Floats:
    """``values`` without those at corners and bends, where no second derivative exists."""
    made = values.copy()
    for corner in (*act.facts.kinks, *act.facts.bends):
        if x[0] < corner < x[-1]:
            made[np.argmin(np.abs(x - corner))] = np.nan
    return made


@lru_cache(maxsize=64)
def initialised(act: Activation, kind: str, sigma_w: float = 1.0, sigma_b: float = 0.0) -> Theory:
    """The theory of ``act`` at one of INITIALISATIONS; raises :class:`OgiveError` for others.

    The two scales count for "my own" alone. The edge of chaos is that at sigma_b = 0.1, or at 0
    where there is none.
    """
    if kind == OWN:
        return theory(act, sigma_w, sigma_b)
    if kind == GAIN:
        return theory(act)
    if kind == USUAL:
        return theory(act, 3**-0.5, (3 * FAN_IN) ** -0.5)
    if kind != CRITICAL:
        raise OgiveError(f"{kind!r} is no initialisation; choose {', '.join(INITIALISATIONS)}")
    at = theory(act, sigma_b=0.1).critical_point
    point = at if at is not None else theory(act).critical(0.0)
    return theory(act, point.sigma_w, point.sigma_b)
