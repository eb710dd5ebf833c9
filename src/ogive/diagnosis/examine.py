"""All rules over one record, and what theory says to what they find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ogive.diagnosis.findings import FAULT, Finding, hidden
from ogive.diagnosis.rules import RULES
from ogive.errors import OgiveError
from ogive.meanfield.theory import theory

if TYPE_CHECKING:
    from ogive.diagnosis.health import Health


def examine(health: Health) -> Health:
    """The record with its findings, the gravest first."""
    found = [finding for rule in RULES for finding in rule(health)]
    blocked = {"not finite"} & {f.rule for f in found}
    if blocked:  # what follows from it is no finding of its own
        found = [f for f in found if f.rule == "not finite"]
    found.sort(key=lambda f: f.severity != FAULT)
    return replace(health, findings=tuple(_with_theory(health, f) for f in found))


def _with_theory(health: Health, finding: Finding) -> Finding:
    """What theory says of the most common function, at the weights that were found."""
    if finding.rule not in {
        "vanishing gradient", "exploding gradient", "samples look alike", "signal too large",
        "signal too small", "rank collapse",
    }:  # fmt: skip
        return finding
    names = [r.function for r in hidden(health)]
    gains = sorted(w.gain for w in health.weights[1:-1] or health.weights if w.kind != "other")
    if not names or not gains:
        return finding
    name, gain = max(set(names), key=names.count), float(f"{gains[len(gains) // 2]:.3g}")
    biases = sorted(w.bias or 0.0 for w in health.weights if w.kind != "other")
    bias = float(f"{biases[len(biases) // 2]:.2g}")
    try:
        verdict = theory(name, max(gain, 1e-6), bias).verdict
    except OgiveError:
        return finding
    call = f'ogive.theory("{name}", sigma_w={gain:g}, sigma_b={bias:g})'
    return replace(finding, theory=f"{call}: {verdict}")
