"""The rules of a diagnosis: what each looks at, when it fires, and what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ogive.diagnosis.figures import LayerHealth, WeightHealth
from ogive.diagnosis.findings import (
    FAULT,
    LIMITS,
    SAMPLES,
    UNITS,
    WARNING,
    Finding,
    Remedy,
    decay,
    gradient_ratio,
    hidden,
)
from ogive.diagnosis.measures import flatness
from ogive.errors import OgiveError, UnknownName
from ogive.functions import registry
from ogive.functions.activation import Activation

if TYPE_CHECKING:
    from ogive.diagnosis.health import Health

INIT = Remedy("init", "critical", "set the weights anew: ogive.init_(model, inputs)")


def _finding(
    rule: str,
    rows: list[str],
    figure: float | None,
    said: str,
    *remedies: Remedy,
    severity: str = FAULT,
) -> Finding:
    limit = LIMITS[rule]
    return Finding(rule, severity, tuple(rows), figure, limit.value, said, limit.source, remedies)


def _named(rows: list[str]) -> str:
    shown = ", ".join(rows[:3])
    return shown if len(rows) <= 3 else f"{shown} and {len(rows) - 3} more"


def _function(label: str) -> Activation | None:
    """The function of that label; None for one of the user's own, which the model alone holds."""
    try:
        return registry.get(label)
    except UnknownName:
        return None


def _swap(name: str, why: str) -> Remedy:
    return Remedy("swap", name, f'{why}: ogive.swap(model, "{name}"), then ogive.init_(model)')


def _slower(factor: str = "0.1") -> Remedy:
    return Remedy("rate", factor, f"multiply the learning rate by {factor}")


def _not_finite(health: Health) -> Iterator[Finding]:
    bad = health.bad
    if bad is not None:
        word = "NaN" if bad.what == "nan" else "infinity"
        when = "" if bad.batch <= 1 else f", in batch {bad.batch}"
        mends = {
            "the inputs": "find and mend the rows of the data that hold it",
            "its weights are not finite": "restore the weights, and clip the gradients",
        }
        text = mends.get(bad.cause, "look at what this place divides by or exponentiates")
        mend = Remedy("hand", "", text)
        cause = "" if bad.cause == "the inputs" else f"; {bad.cause}"
        yield _finding(
            "not finite", [bad.where], None, f"{word} appears first in {bad.where}{when}{cause}",
            mend, _slower(),
        )  # fmt: skip
        return
    broken = [r for r in health.layers if r.gradients_not_finite]
    if broken:
        row = broken[-1]
        yield _finding(
            "not finite", [row.where], None,
            f"the gradient is not finite at {row.where} and before it, while all values are",
            Remedy("hand", "", "look at the square roots, logarithms and divisions after it"),
            _slower(),
        )  # fmt: skip


def _dead(health: Health) -> Iterator[Finding]:
    limit = LIMITS["dead units"].value
    rows = [
        r for r in hidden(health)
        if r.units >= UNITS and health.samples >= SAMPLES and r.dead_share >= limit
    ]  # fmt: skip
    if rows:
        worst = max(rows, key=lambda r: r.dead_share)
        yield _finding(
            "dead units", [r.where for r in rows], worst.dead_share,
            f"{worst.dead} of {worst.units} units of {worst.where} are dead: the slope of "
            f"{worst.function} is 0 on every sample, so nothing before them is learned"
            + _others(rows),
            INIT, _swap("leaky_relu", "take a function whose slope is nowhere 0"), _slower(),
        )  # fmt: skip


def _off(health: Health) -> Iterator[Finding]:
    limit = LIMITS["almost always off"].value
    rows = [
        r for r in hidden(health)
        if r.dead_share < LIMITS["dead units"].value and (r.off or 0) >= limit
        and r.units >= UNITS and health.samples >= SAMPLES
    ]  # fmt: skip
    if rows:
        worst = max(rows, key=lambda r: r.off or 0)
        yield _finding(
            "almost always off", [r.where for r in rows], worst.off,
            f"{_percent(worst.off)} of the values at {worst.where} lie on the flat side of "
            f"{worst.function}; half is healthy" + _others(rows),
            INIT, _swap("leaky_relu", "take a function whose slope is nowhere 0"), _slower(),
            severity=WARNING,
        )  # fmt: skip


def _saturated(health: Health) -> Iterator[Finding]:
    limit = LIMITS["saturated"].value
    rows = [r for r in hidden(health) if (r.saturated or 0) >= limit]
    if rows:
        worst = max(rows, key=lambda r: r.saturated or 0)
        yield _finding(
            "saturated", [r.where for r in rows], worst.saturated,
            f"{_percent(worst.saturated)} of the values at {worst.where} lie where the slope of "
            f"{worst.function} is below 1% of its usual size" + _others(rows),
            INIT, _swap("gelu", "take a function that does not saturate above"), _slower(),
        )  # fmt: skip


def _signal(health: Health) -> Iterator[Finding]:
    sizes = [(r.where, r.before_size, r.scaled_after) for r in hidden(health)]
    sizes += [
        (w.path, math.sqrt(w.mean_square), w.scaled_after) for w in health.weights if w.mean_square
    ]
    given = [(n, s) for n, s, _ in sizes if s is not None]
    source = health.inputs
    usual = 1.0 if source is None or source.normed else source.size
    most = LIMITS["signal too large"].value * max(1.0, usual)
    high = [(n, s) for n, s, scaled in sizes if s is not None and s > most and not scaled]
    low = [(n, s) for n, s in given if s < LIMITS["signal too small"].value * min(1.0, usual)]
    if high:
        name, size = max(high, key=lambda p: p[1])
        yield _finding(
            "signal too large", [n for n, _ in high], size,
            f"the values at {name} have a root mean square of {size:.3g}, where about 1 is usual",
            INIT, severity=FAULT,
        )  # fmt: skip
    # A last layer may begin at 0, but what is hidden may not.
    if low and len(hidden(health)) and any(n in {r.where for r in hidden(health)} for n, _ in low):
        name, size = min(low, key=lambda p: p[1])
        yield _finding(
            "signal too small", [n for n, _ in low], size,
            f"the values at {name} have a root mean square of {size:.3g}, where about 1 is usual",
            INIT, severity=FAULT,
        )  # fmt: skip


def _gradient(health: Health) -> Iterator[Finding]:
    ratio, rows = gradient_ratio(health), [r for r in hidden(health) if r.gradient is not None]
    if ratio is None:
        return
    first, last = rows[0], rows[-1]
    a_layer = f"by the factor {decay(health):.3g} a layer"
    own = _function(first.function)
    flat = own is not None and flatness(own).off == "none"
    if ratio < LIMITS["vanishing gradient"].value:
        way = [_swap("relu", "take a function whose slope does not shrink it")] if flat else []
        yield _finding(
            "vanishing gradient", [first.where], ratio,
            f"the gradient at {first.where} is {ratio:.2g} of that at {last.where}: it shrinks "
            f"{a_layer}",
            INIT, *way,
        )  # fmt: skip
    if ratio > LIMITS["exploding gradient"].value:
        yield _finding(
            "exploding gradient", [first.where], ratio,
            f"the gradient at {first.where} is {ratio:.2g} times that at {last.where}: it grows "
            f"{a_layer}",
            INIT, _slower(),
        )  # fmt: skip


def _alike(health: Health) -> Iterator[Finding]:
    source = health.inputs
    if source is not None and (source.correlation or 0) > 0.99:
        return  # they were alike before
    limit = LIMITS["samples look alike"].value
    rows = [
        r for r in hidden(health)
        if r.correlation is not None and r.correlation > limit and r.units >= UNITS
        and health.samples >= SAMPLES
    ]  # fmt: skip
    if rows:
        worst = max(rows, key=lambda r: r.correlation or 0)
        said = (
            f"the samples correlate to {worst.correlation:.6f} at {worst.where}: the model "
            f"hardly tells them apart"
        )
        yield _collapse("samples look alike", rows, worst.correlation, said)


def _rank(health: Health) -> Iterator[Finding]:
    source = health.inputs
    if source is None or source.rank is None or source.rank < 4:
        return
    limit = LIMITS["rank collapse"].value
    rows = [
        r for r in hidden(health)
        if r.rank is not None and r.rank < limit and r.units >= 2 * UNITS
    ]  # fmt: skip
    if rows:
        worst = min(rows, key=lambda r: r.rank or 0)
        said = (
            f"the samples differ along {worst.rank:.2f} directions at {worst.where}, and along "
            f"{source.rank:.1f} in the inputs"
        )
        yield _collapse("rank collapse", rows, worst.rank, said)


def _collapse(rule: str, rows: list[LayerHealth], figure: float | None, said: str) -> Finding:
    """Samples that come to look alike, by either measure."""
    mend = Remedy("hand", "", "put a normalisation or skips between the layers")
    return _finding(rule, [r.where for r in rows], figure, said + _others(rows), INIT, mend)


def _inputs(health: Health) -> Iterator[Finding]:
    source = health.inputs
    if source is None or source.normed:
        return
    mend = Remedy(
        "inputs", "", "standardise the inputs: subtract the mean, divide by the deviation"
    )
    if source.size > LIMITS["unscaled inputs"].value:
        yield _finding(
            "unscaled inputs", ["the inputs"], source.size,
            f"the inputs have a root mean square of {source.size:.3g}, where 1 is usual", mend,
        )  # fmt: skip
    elif source.spread > LIMITS["uneven inputs"].value:
        yield _finding(
            "uneven inputs", ["the inputs"], source.spread,
            f"one column of the inputs varies {source.spread:.3g} times as much as another", mend,
            severity=WARNING,
        )  # fmt: skip


def _equal(health: Health) -> Iterator[Finding]:
    last = _last(health)
    found = [w for w in health.weights if w.alike and w is not last]
    if found:
        names = [w.path for w in found]
        yield _finding(
            "equal units", names, 0.0,
            f"all units of {_named(names)} have the same weights, so they learn the same", INIT,
        )  # fmt: skip


def _last(health: Health) -> WeightHealth | None:
    return health.weights[-1] if health.weights else None


def _attention(health: Health) -> Iterator[Finding]:
    limit = LIMITS["one-hot attention"].value
    rows = [
        r for r in health.layers
        if r.function == "attention softmax" and (r.saturated or 0) > limit and r.positions
    ]  # fmt: skip
    if rows:
        yield _finding(
            "one-hot attention", [r.where for r in rows], rows[0].saturated,
            f"{_percent(rows[0].saturated)} of the rows of attention at {rows[0].where} look at "
            f"one place alone",
            _slower(), Remedy("hand", "", "normalise queries and keys"), severity=WARNING,
        )  # fmt: skip


def _output(health: Health) -> Iterator[Finding]:
    loss = health.loss
    if loss is None:
        return
    by = loss.made_by or "the model"
    wrong = ""
    if loss.loss == "cross_entropy" and (loss.made_by == "softmax" or loss.sums_to_one):
        wrong, mend = "takes logits and gets probabilities", "leave the softmax out of the model"
    elif loss.loss == "cross_entropy" and loss.made_by == "sigmoid":
        wrong, mend = "takes logits and gets values from 0 to 1", "leave the sigmoid out"
    elif loss.loss == "binary_cross_entropy_with_logits" and loss.made_by in {"sigmoid", "softmax"}:
        wrong, mend = "takes logits and gets probabilities", "leave the sigmoid out of the model"
    elif loss.loss == "nll_loss" and loss.high > 0:
        wrong = "takes logarithms of probabilities and gets values above 0"
        mend = "end the model with log_softmax, or take cross_entropy"
    elif loss.loss.endswith("_loss") and loss.made_by and loss.target_low is not None:
        wrong, mend = _out_of_range(health, by), "leave the function out, or scale the targets"
    if wrong:
        yield _finding(
            "output unit", [by], None, f"{loss.loss} {wrong} (of {by})", Remedy("hand", "", mend)
        )


def _out_of_range(health: Health, by: str) -> str:
    """How a regression's targets lie out of reach of the function that ends the model."""
    loss = health.loss
    if (
        loss is None
        or loss.target_low is None
        or loss.target_high is None
        or loss.loss == "nll_loss"
    ):
        return ""
    try:
        low, high = registry.get(by).facts.range
    except OgiveError:
        return ""
    width = loss.target_high - loss.target_low
    if loss.target_low < low - 0.05 * width or loss.target_high > high + 0.05 * width:
        return (
            f"compares targets from {loss.target_low:.3g} to {loss.target_high:.3g} with values "
            f"that lie between {low:g} and {high:g}"
        )
    return ""


def _steps(health: Health) -> Iterator[Finding]:
    found = sorted((w.update, w.name) for w in health.weights if w.update is not None)
    if not found:
        return
    middle, (largest, name) = found[len(found) // 2][0], found[-1]
    if middle > LIMITS["steps too large"].value:
        yield _finding(
            "steps too large", [name], largest,
            f"a step changes {name} by {_percent(largest)} of its size", _slower("0.03"),
        )  # fmt: skip
    elif largest < LIMITS["steps too small"].value:
        yield _finding(
            "steps too small", [name], largest,
            f"no step changes any weight by more than {largest:.1g} of its size",
            _slower("100"), severity=WARNING,
        )  # fmt: skip


def _others(rows: list[LayerHealth]) -> str:
    others = len(rows) - 1
    return "" if not others else f"; so it is in {others} other place{'s' if others > 1 else ''}"


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.0f}%"


RULES: tuple[Callable[[Health], Iterator[Finding]], ...] = (
    _not_finite, _inputs, _output, _equal, _dead, _off, _saturated, _signal, _gradient, _alike,
    _rank, _attention, _steps,
)  # fmt: skip
