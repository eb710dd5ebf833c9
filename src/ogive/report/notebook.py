"""What a notebook shows of a function: its formula in print and a small picture."""

from __future__ import annotations

import html

from matplotlib.figure import Figure

from ogive.functions.activation import Activation
from ogive.report.figures import draw_functions
from ogive.report.mathml import mathml
from ogive.report.svg import svg


def function(act: Activation) -> str:
    """A function as its name, its formula in print and a small picture."""
    figure = Figure(figsize=(4.4, 2.6), layout="constrained")
    draw_functions([act], figure.subplots())
    drawn = svg(figure, f"{act.label} and its slope")
    settings = ", ".join(f"{name} = {value:g}" for name, value in act.parameters.items())
    return (
        f"<h4>{html.escape(act.label)}</h4><p>{html.escape(act.definition.summary)}</p>"
        f"{mathml(act.definition.formula)}<p>{html.escape(settings)}</p>"
        f'<div style="max-width: 30rem; background: #fff">{drawn}</div>'
    )
