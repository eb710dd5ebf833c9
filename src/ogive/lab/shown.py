"""How the tour's evidence looks: the same HTML in a marimo notebook, in Jupyter and on the page."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ogive.lab.evidence import HOLDS, OPEN, Chapter, Claim, Estimate
from ogive.lab.first_text import Gain
from ogive.lab.pictures import Picture, draw_claim, panel_figure

if TYPE_CHECKING:
    from jinja2 import Environment

Evidence: TypeAlias = Chapter | Claim | Gain | Picture


@functools.cache
def environment() -> Environment:
    """The templates of this room, and those of the report room that they build on."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    import ogive.report

    rooms = [Path(__file__).parent, *(Path(p) for p in ogive.report.__path__)]
    return Environment(
        loader=FileSystemLoader([room / "templates" for room in rooms]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown_html(shown: Evidence) -> str:
    """``shown`` as HTML for a page that has the style sheet already."""
    kind = type(shown).__name__.lower()
    views = {"chapter": _chapter, "claim": _claim, "gain": _gain, "picture": _picture}
    return environment().get_template("evidence.html").render(kind=kind, view=views[kind](shown))


def styled_html(shown: Evidence) -> str:
    """``shown`` as HTML that brings its style along, for a notebook."""
    body = shown_html(shown)
    return environment().get_template("notebook.html").render(body=safe(body))


def safe(text: str) -> Any:
    """``text`` as markup that a template does not escape."""
    from markupsafe import Markup

    return Markup(text)


def figure(value: float, like: str = "") -> str:
    """A number at some digits more than ``like`` prints: 2.0612e-09 beside 2.06e-9."""
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.0f}".replace("-", "−")
    digits = len(like.partition("e")[0].replace("-", "").replace(".", "").lstrip("0"))
    return f"{value:.{max(4, digits + 2)}g}".replace("-", "−")


def _chapter(chapter: Any) -> dict[str, Any]:
    return {
        "rows": [
            {
                "what": n.what,
                "printed": ("at most " if n.at_most else "") + n.text.replace("-", "−"),
                "source": n.source,
                "value": figure(n.value, n.text),
                "holds": n.holds,
            }
            for n in chapter.numbers
        ],
        "errata": chapter.errata,
        "label": f"Numbers of {chapter.key}",
    }


def interval(one: Estimate) -> str:
    """The mean with its interval, as words."""
    return f"{one.mean:.3g} ({one.low:.3g} to {one.high:.3g})".replace("-", "−")


def _claim(claim: Any) -> dict[str, Any]:
    drawn = " ".join(f"{e.label}: {interval(e)}." for e in claim.estimates)
    return {
        "said": claim.said,
        "unit": claim.unit,
        "settings": claim.settings,
        "estimates": [(e.label, interval(e)) for e in claim.estimates],
        "differences": [
            (d.label, interval(d), outcome, "yes" if outcome == HOLDS else "open"
             if outcome == OPEN else "no")
            for d, outcome in zip(claim.differences, claim.outcomes, strict=True)
        ],
        "svg": _svg(draw_claim(claim), f"{claim.said}. {drawn}"),
    }  # fmt: skip


def _gain(gain: Any) -> dict[str, Any]:
    return {
        "size": f"{gain.size:,}",
        "loop": f"{gain.loop / 1000:.3g}",
        "call": f"{gain.call / 1000:.3g}",
        "ratio": f"{gain.ratio:.2g}" if gain.ratio < 100 else f"{gain.ratio:.0f}",
    }


def _picture(picture: Any) -> dict[str, Any]:
    return {
        "title": picture.title,
        "caption": picture.caption,
        "panels": [
            _svg(panel_figure(panel), f"{picture.title}. {panel.words}.")
            for panel in picture.panels
        ],
    }


def _svg(drawn: Any, description: str) -> Any:
    from ogive.report.svg import svg

    return safe(svg(drawn, description))
