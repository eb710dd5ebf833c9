"""What the playground shows as HTML: readings, phase diagrams, and a training as it goes on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.functions.activation import Activation
from ogive.lab.pictures import SIZE, Curve, Panel, panel_figure
from ogive.lab.playdata import Played
from ogive.lab.rehearsal import Frame, surface
from ogive.lab.shown import environment, safe
from ogive.lab.workbench import Reading
from ogive.meanfield.theory import Theory
from ogive.numerics.quadrature import Floats
from ogive.report.style import ORANGE, plain, styled
from ogive.report.svg import svg
from ogive.report.theory_figures import draw_phases

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELLS = 60  # of the plane, along each side
MARGIN = 0.4
SHOWN = 300  # points drawn at most


@dataclass(frozen=True)
class Surface:
    """The plane as a network sees it: ``values`` (CELLS, CELLS) over ``x`` and ``y``."""

    x: Floats
    y: Floats
    values: Floats
    points: Floats
    labels: Floats


def decision_surface(frame: Frame, act: Activation, data: Played) -> Surface:
    """The probability of the second class over the plane, and the held-out points."""
    points = data.x_test.double().numpy()[:SHOWN]
    low, high = points.min(0) - MARGIN, points.max(0) + MARGIN
    x, y = (np.linspace(low[i], high[i], CELLS) for i in (0, 1))
    grid = np.stack([part.ravel() for part in np.meshgrid(x, y)], 1)
    values = surface(frame, act, data, grid).reshape(CELLS, CELLS)
    return Surface(x, y, values, points, data.y_test.double().numpy()[:SHOWN])


@styled
def draw_surface(drawn: Surface, title: str) -> Figure:
    """Draw the plane: shades for the probability, a line at one half, two kinds of points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    ax = figure.subplots()
    if np.isfinite(drawn.values).all():
        ax.pcolormesh(drawn.x, drawn.y, drawn.values, cmap="RdBu", vmin=0, vmax=1, alpha=0.55,
                      rasterized=True, shading="nearest")  # fmt: skip
        if drawn.values.min() < 0.5 < drawn.values.max():
            ax.contour(drawn.x, drawn.y, drawn.values, [0.5], colors="black", linewidths=1)
    for label, marker, colour in ((0, "o", "#8c2d04"), (1, "^", "#08519c")):
        x, y = drawn.points[drawn.labels == label].T
        ax.scatter(x, y, s=14, linewidths=0, label=f"class {label}", marker=marker, color=colour)
    ax.set_title(plain(title))
    ax.legend(loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")
    return figure


@styled
def draw_fit(frame: Frame, act: Activation, data: Played) -> Figure:
    """Draw a curve to fit: the held-out points and what the network makes of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    ax = figure.subplots()
    points, y = data.x_test.double().numpy()[:, 0], data.y_test.double().numpy()
    x = np.linspace(points.min() - MARGIN, points.max() + MARGIN, 200)
    ax.plot(points, y, "o", color=ORANGE, markersize=3, label="held-out points")
    ax.plot(x, surface(frame, act, data, x[:, None]), color="black", linewidth=1.8, label="network")
    ax.set_title(plain(act.label))
    ax.set_xlabel("input")
    ax.set_ylabel("target")
    ax.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")
    return figure


def training_panels(frames: Sequence[Frame]) -> tuple[Panel, ...]:
    """Losses by epoch; gradients, dead and saturated shares by layer: each function a line."""

    def by_layer(name: str, title: str, logarithmic: bool = False) -> Panel:
        return Panel(
            title, "hidden layer", name,
            tuple(
                Curve(f.label, np.arange(1.0, 1 + len(f.dead)), np.array(getattr(f, name)))
                for f in frames
            ),
            logarithmic=logarithmic,
        )  # fmt: skip

    losses = tuple(
        Curve(f"{f.label}{which}", np.array(f.epochs), np.array(values))
        for f in frames
        for which, values in ((", training", f.losses), (", held out", f.test_losses))
    )
    return (
        Panel("loss", "epoch", "mean loss", losses, logarithmic=True),
        by_layer("gradient", "gradient by layer (norm)", True),
        by_layer("dead", "dead units (share)"),
        by_layer("saturated", "saturated values (share)"),
    )


def training_html(pairs: Sequence[tuple[Frame, Activation]], data: Played) -> str:
    """One look at the training of one or two functions side by side."""
    parts = []
    for frame, act in pairs:
        if data.kind == "plane":
            figure = draw_surface(decision_surface(frame, act, data), act.label)
            parts.append((figure, f"Decision surface of {act.label} on {data.name}"))
        elif data.kind == "curve":
            parts.append((draw_fit(frame, act, data), f"Fit of {act.label} to {data.name}"))
    frames = [frame for frame, _ in pairs]
    parts += [(panel_figure(panel), panel.words) for panel in training_panels(frames)]
    score = "R²" if data.kind == "curve" else "accuracy"
    rows = [
        {
            "label": f.label,
            "epoch": f"{f.epochs[-1]:.0f}",
            "loss": f"{f.losses[-1]:.4g}",
            "score": "–" if f.diverged else f"{f.score:.3f}",
            "state": "diverged" if f.diverged else "done" if f.done else "training",
        }
        for f in frames
    ]
    return render("training", rows=rows, score=score, panels=[_svg(*part) for part in parts])


def readings_html(readings: Sequence[Reading], x: float, spread: float) -> str:
    """The numbers of each function at the point, and its moments."""
    return render(
        "readings", x=f"{x:g}", spread=f"{spread:g}",
        rows=[
            {
                "label": r.label,
                "formula": r.formula,
                "cells": [_number(v) for v in (r.value, r.slope, r.second, r.means.mean,
                                               r.means.second, r.means.slope_second, r.gain)],
            }
            for r in readings
        ],
    )  # fmt: skip


@styled
def phase_figure(theory: Theory) -> Figure:
    """The phase diagram as a figure of its own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE[0], 3.4))
    draw_phases(theory, figure.subplots())
    return figure


@lru_cache(maxsize=32)  # one function may change while the other stays
def _phase_svg(theory: Theory) -> Any:
    return _svg(phase_figure(theory), f"Phase diagram of {theory.label}. {theory.verdict}")


def phases_html(theories: Sequence[Theory]) -> str:
    """The phase diagrams with the initialisation marked, and the verdicts."""
    panels = [_svg(phase_figure(t), f"Phase diagram of {t.label}. {t.verdict}") for t in theories]
    verdicts = [{"label": t.label, "verdict": t.verdict} for t in theories]
    return render("phases", panels=panels, verdicts=verdicts)


def problem_html(sentence: str) -> str:
    """A sentence in the place where something could not be read."""
    return (
        '<p role="alert" class="ogive-problem" style="white-space:pre-wrap;overflow-wrap:anywhere;'
        'border-left:4px solid #a03c00;padding:.4rem .8rem;color:#7a2d00;background:#fdf3ec;'
        f'font-family:ui-monospace,monospace;font-size:.9rem">{html.escape(sentence)}</p>'
    )  # fmt: skip


def render(kind: str, **view: Any) -> str:
    """A part of the playground by its template."""
    body = environment().get_template("play.html").render(kind=kind, view=view)
    return environment().get_template("notebook.html").render(body=safe(body))


def _svg(figure: Figure, words: str) -> Any:
    return safe(svg(figure, words))


def _number(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.4g}".replace("-", "−")
