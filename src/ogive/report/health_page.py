"""The page of a diagnosis: one HTML file that needs nothing outside itself, and no script."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ogive.diagnosis.figures import LayerHealth
from ogive.diagnosis.health import Health
from ogive.report import health_figures
from ogive.report.page import Picture, environment, picture
from ogive.report.written import written

HEADS = ("where", "function", "pre-activation", "dead", "saturated", "off", "gradient",
         "correlation", "rank")  # fmt: skip


def write(health: Health, path: str | Path) -> Path:
    """Write the page to ``path`` and return it; raises :class:`OgiveError` where that fails."""
    return written(page(health), path)


def page(health: Health) -> str:
    """The whole page as HTML."""
    view = {
        "title": f"What do the activations of {health.model} do?",
        "sentence": health.verdict,
        "numbers": health.basis,
        "findings": health.findings,
        "figures": {"measures": _measures(health), "histograms": _histograms(health)},
        "heads": HEADS,
        "lines": [_line(row) for row in health.layers],
        "weights": [
            (w.name, _number(w.gain), _number(w.gradient), _number(w.update))
            for w in health.weights
        ],
        "remarks": [f"{remark}." for remark in health.remarks],
    }
    return environment().get_template("health.html").render(view=view).lstrip()


def _measures(health: Health) -> Picture | None:
    if not health.layers:
        return None
    words = "; ".join(
        f"{r.where}: {r.dead} dead of {r.units}, saturated {_share(r.saturated)}"
        for r in health.layers
    )
    return picture(
        health_figures.draw_measures(health),
        "Measures by layer",
        words,
        "Layers from first to last. A unit is dead whose slope is practically 0 on every sample; a "
        "value is saturated where the slope is below 1% of its usual size. The off side of "
        "ReLU-like functions is counted apart: half is healthy there.",
    )


def _histograms(health: Health) -> Picture | None:
    figure = health_figures.draw_histograms(health)
    if figure is None:
        return None
    words = "; ".join(
        f"{r.where}: {_number(r.before_mean)} ± {_number(math.sqrt(r.before_variance or 0))}"
        for r in health.layers
        if r.histogram
    )
    return picture(
        figure,
        "Where the pre-activations lie",
        words,
        "Blue: how often each value comes into the function. Orange: the function, on a scale of "
        "its own. Percentages are what lies beyond the picture.",
    )


def _line(row: LayerHealth) -> tuple[str, ...]:
    before = "–"
    if row.before_mean is not None:
        before = f"{_number(row.before_mean)} ± {_number(math.sqrt(row.before_variance or 0))}"
    return (
        row.where,
        row.function if row.role == "hidden" else f"{row.function} ({row.role})",
        before,
        f"{row.dead} of {row.units}" if row.units else "–",
        _share(row.saturated),
        _share(row.off),
        _number(row.gradient),
        _number(row.correlation),
        _number(row.rank),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.3g}".replace("-", "−")
