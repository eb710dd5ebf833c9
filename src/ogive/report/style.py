"""How the figures of a study look, and text made safe for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

# Okabe and Ito's colours, told apart by the colour-blind; no meaning is carried by colour alone.
BLUE, VERMILLION, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLOURS = (BLUE, VERMILLION, GREEN, PINK, ORANGE, SKY, BLACK)  # of curves, in this order
GREY = "#555555"
WIDTH = 7.2  # inches
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """``draw`` with this module's style, which is left behind in no setting."""

    @functools.wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        import matplotlib

        with matplotlib.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return drawn


def plain(text: str) -> str:
    """``text`` as matplotlib and XML can hold it.

    A dollar sign starts no mathematics, and control characters, which XML forbids, are replaced.
    """
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    return shown.replace("$", r"\$")
