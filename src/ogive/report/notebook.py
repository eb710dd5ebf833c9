"""What a notebook shows of records that have no page or card of their own."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ogive.functions.activation import Activation
from ogive.report.mathml import mathml

if TYPE_CHECKING:
    from ogive.study.takehome import TakeHome

LEFT = ' style="text-align: left"'


def sheet(heading: str, rows: Iterable[tuple[str, str]], sentence: str = "") -> str:
    """Lines of titles and texts as HTML, below a heading and perhaps a sentence."""
    lines = "".join(
        f"<tr><th{LEFT}>{html.escape(title)}</th><td{LEFT}>{html.escape(text)}</td></tr>"
        for title, text in rows
    )
    below = f"<p>{html.escape(sentence)}</p>" if sentence else ""
    return f"<h4>{html.escape(heading)}</h4>{below}<table><tbody>{lines}</tbody></table>"


def numbers(heading: str, found: Iterable[tuple[str, float | None]]) -> str:
    """A sheet of numbers with six figures; what does not exist is a dash."""
    return sheet(heading, [(t, "-" if v is None else f"{v + 0.0:.6g}") for t, v in found])


def function(act: Activation) -> str:
    """A function as its name, its formula in print and a small picture."""
    from matplotlib.figure import Figure

    from ogive.report.figures import draw_functions
    from ogive.report.svg import svg

    figure = Figure(figsize=(4.4, 2.6), layout="constrained")
    draw_functions([act], figure.subplots())
    drawn = svg(figure, f"{act.label} and its slope")
    settings = ", ".join(f"{name} = {value:g}" for name, value in act.parameters.items())
    return (
        f"<h4>{html.escape(act.label)}</h4><p>{html.escape(act.definition.summary)}</p>"
        f"{mathml(act.definition.formula)}<p>{html.escape(settings)}</p>"
        f'<div style="max-width: 30rem; background: #fff">{drawn}</div>'
    )


def take_home(network: TakeHome) -> str:
    """A trained network: what it predicts from what, and the score that was seen."""
    about = network.about
    rows = [
        ("predicts", _target(network)),
        ("from", _listed([column.name for column in network.columns.used])),
    ]
    if "study" in about:
        rows.append(("chosen by the study", str(about["study"])))
    if "expected_score" in about:
        low, high = about["interval"]
        score = f"{about['expected_score']:.4g} ({low:.4g} to {high:.4g})"
        rows.append((f"expected {about['metric']} on new rows", score))
    held = [getattr(module, "activation", None) for module in network.network.modules()]
    functions = {act.label: None for act in held if isinstance(act, Activation)}
    rows.append(("functions", ", ".join(functions) or "none"))
    return sheet("A trained network", rows)


def _target(network: TakeHome) -> str:
    if not network.classes:
        return network.target_name
    return f"{network.target_name}: {_listed([str(c) for c in network.classes])}"


def _listed(words: list[str], most: int = 12) -> str:
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
