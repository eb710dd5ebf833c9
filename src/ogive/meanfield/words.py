"""What a :class:`Theory` says, in plain words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ogive.meanfield.lengths import FADES, GROWS, HIGHEST, KEPT, SETTLES, lengths
from ogive.meanfield.moments import jumps

if TYPE_CHECKING:
    from ogive.meanfield.theory import Theory

UNCHANGED = 1e-6
NOTHING = 1e-14
FAR = 1000.0  # layers; deeper is as good as any depth


def figure(x: float | None) -> str:
    """A number to five digits, or the word for there being none."""
    if x is None:
        return "none"
    if abs(x) < NOTHING:
        return "0"
    return "infinite" if math.isinf(x) else f"{x:.5g}"


def layers(x: float | None) -> str:
    """A depth scale in words."""
    if x is None:
        return "none"
    return "infinite" if math.isinf(x) else f"{x:.3g} layers"


def _stability(slope: float) -> str:
    if abs(abs(slope) - 1) < UNCHANGED:
        return "slope 1"
    return "stable" if abs(slope) < 1 else "unstable"


def _counted(depth: float) -> str:
    count = max(1, round(depth))
    return f"{count} layer" if count == 1 else f"{count} layers"


def rows(theory: Theory) -> list[tuple[str, str]]:
    """The record's lines as pairs (title, text)."""
    t = theory
    scales = t.depth_scales
    lines = [
        ("initialisation", f"sigma_w = {figure(t.sigma_w)}, sigma_b = {figure(t.sigma_b)}"),
        ("moments", f"E f = {figure(t.mean)}, E f^2 = {figure(t.second_moment)}, "
         f"E f'^2 = {figure(t.slope_second_moment)} at z ~ N(0, 1)"),
        ("gain", _gain(t.gain, t.gradient_at_gain, "signal", "gradient")),
        ("gradient gain",
         _gain(t.gradient_gain, t.signal_at_gradient_gain, "gradient", "signal")),
        ("length", _length(t)),
        ("fixed lengths", _fixed_lengths(t)),
        ("mean shift", f"E f/sqrt(E f^2) = {figure(t.mean_shift)}"),
        ("chi", _chi(t)),
        ("correlation", _correlation(t)),
        ("depth scales", f"length {layers(scales.length)}; correlation "
         f"{layers(scales.correlation)}; gradient {layers(scales.gradient)}"),
        ("trainable depth", _trainable(t)),
    ]  # fmt: skip
    if t.critical_point is not None:
        point = t.critical_point
        kept = {None: "every length is kept", 0.0: "the length kept is 0"}.get(
            point.length, f"length {figure(point.length)} is kept"
        )
        unsure = ", but lengths beside it move away"
        if point.stable:
            unsure = ", reached ever more slowly" if point.length == 0 else ""
        lines.append(
            (
                "critical point",
                f"sigma_w = {figure(point.sigma_w)} at sigma_b = {figure(point.sigma_b)}: "
                f"{kept}{unsure}",
            )
        )
    else:
        lines.append(("critical point", f"none at sigma_b = {figure(t.sigma_b)}"))
    return lines


def _gain(value: float | None, factor: float | None, kept: str, other: str) -> str:
    if value is None:
        return f"none keeps the {kept}"
    return (
        f"{figure(value)} keeps the {kept}; there the squared {other} changes by the factor "
        f"{figure(factor)} a layer"
    )


def _length(t: Theory) -> str:
    if t.fate == SETTLES:
        stays = t.length == 1
        how = "stays 1" if stays else f"goes from 1 to {figure(t.length)}"
        slope = abs(t.length_slope or 0.0)
        if abs(slope - 1) < UNCHANGED:
            return f"{how}; others come near ever more slowly, or drift (slope of the map 1)"
        held = "stable" if slope < 1 else "not stable: the least deviation grows"
        return f"{how} ({held}; slope of the map {figure(t.length_slope)})"
    return {
        KEPT: "every length is kept",
        GROWS: "grows without bound",
        FADES: "shrinks to 0",
    }[t.fate]


def _fixed_lengths(t: Theory) -> str:
    if t.fate == KEPT:
        return "all"
    listed = [f"{figure(p.length)} ({_stability(p.slope)})" for p in t.fixed_lengths]
    return ", ".join(listed) or "none from 0 to 1e6"


def _chi(t: Theory) -> str:
    if t.chi is None and t.gradient_factor is None:
        return "none, since there is no fixed length"
    if t.chi is None:
        return (
            f"infinite: the jump parts nearby inputs; gradients see only the slope and change by "
            f"the factor {figure(t.gradient_factor)} a layer"
        )
    return f"{figure(t.chi)} ({t.phase}): the squared gradient's factor a layer"


def _correlation(t: Theory) -> str:
    if t.correlation is not None:
        listed = [
            f"{figure(p.correlation)} ({'stable' if p.stable else 'unstable'})"
            for p in t.fixed_correlations
        ]
        return f"of two inputs, tends to {figure(t.correlation)}; fixed: {', '.join(listed)}"
    if t.fate == KEPT:
        return "of two inputs, is kept whatever it is"
    return "none, since there is no fixed length"


def _trainable(t: Theory) -> str:
    if t.trainable_depth is None:
        return "none, since the function jumps" if jumps(t.function) else "none"
    if t.trainable_depth > FAR:
        return "any that a plain network is built with"
    return f"about {_counted(t.trainable_depth)}, six depth scales"


def verdict(t: Theory) -> str:
    """One or two sentences: what becomes of signal and gradient, and how deep one can go."""
    at = f"With sigma_w = {figure(t.sigma_w)} and sigma_b = {figure(t.sigma_b)}"
    stays = "keeps" if t.length == 1 else "settles at"
    signal = {
        SETTLES: f"the signal of {t.label} {stays} the variance {figure(t.length)}{_held(t)}",
        KEPT: f"{t.label} keeps every signal's variance",
        GROWS: f"the signal of {t.label} grows without bound from layer to layer",
        FADES: f"the signal of {t.label} fades to 0"
        + (", ever more slowly," if t.phase == "critical" else " from layer to layer"),
    }[t.fate]
    if t.gradient_factor is None:
        return f"{at}, {signal}, so no depth scale exists; scale the weights down."
    return f"{at}, {signal} and {_gradient(t)}. {_depth(t)}"


def _held(t: Theory) -> str:
    return " (though not stably)" if abs(t.length_slope or 0.0) > 1 + UNCHANGED else ""


def _gradient(t: Theory) -> str:
    factor = t.gradient_factor or 0.0
    if abs(factor - 1) < UNCHANGED:
        return "the gradient keeps its size"
    if factor == 0:
        return "the gradient is lost after one layer"
    change = "vanishes" if factor < 1 else "explodes"
    return f"the gradient {change} by the factor {figure(math.sqrt(factor))} a layer"


def _depth(t: Theory) -> str:
    if t.chi is None:
        told = "Its jump parts inputs however near they are"
        return f"{told}, so what a deep network sees of them is noise."
    end = {
        "ordered": "all inputs come to look alike",
        "chaotic": "inputs beside each other part",
        "critical": "inputs neither merge nor part by a factor a layer",
    }[t.phase or "critical"]
    if t.fate in (GROWS, FADES):
        end = "signal and gradient leave the numbers' range"
        if t.phase == "critical":
            end = "no factor a layer is at work"
    depth = t.trainable_depth
    if depth is None or depth > FAR:
        while_ = " while the variance stays where it is" if _held(t) else ""
        return f"{end[0].upper()}{end[1:]}: depth is no obstacle to a plain network here{while_}."
    return f"{end[0].upper()}{end[1:]}: a plain network stays trainable to about {_counted(depth)}."


def notes(t: Theory) -> tuple[str, ...]:
    """What has to be known beside the figures."""
    found = []
    if t.fate == SETTLES and t.length_slope is not None and abs(t.length_slope) > 1 + UNCHANGED:
        found.append(
            f"the length {figure(t.length)} is kept but not stable (slope "
            f"{figure(t.length_slope)}): inputs longer or shorter than it move away"
        )
    if (known := lengths(t.function).known_to) < HIGHEST:
        found.append(
            f"the function oscillates or bends too fast to be integrated for lengths above "
            f"{figure(known)}; nothing is said of them"
        )
    if jumps(t.function):
        found.append(
            f"{t.label} jumps: E f'^2 and the gradient's factor leave the jump out, as "
            f"back-propagation does, while the correlation map feels it"
        )
    if t.fate == GROWS and t.phase is None:
        found.append("no length up to 1e6 is reached from an input of length 1")
    if t.fate == FADES and not t.fixed_correlations:
        found.append("towards length 0 there is no correlation map; chi is its limit")
    return tuple(f"{note}." for note in found)
