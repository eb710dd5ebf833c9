"""``ogive plot``: a picture of functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Functions: relu elu:alpha=0.5 'x*tanh(x)'; elu:alpha=0.1..2 draws five values.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The picture: a .png, .svg or .pdf file.")
    ],
    slope: Annotated[bool, typer.Option("--slope", help="Draw the slopes below.")] = False,
    low: Annotated[float, typer.Option("--from", help="The left end of x.")] = -6.0,
    high: Annotated[float, typer.Option("--to", help="The right end of x.")] = 6.0,
) -> None:
    """Draw functions, and with --slope their derivatives, into a file."""
    from ogive.report.figures import function_figure, save

    figure = function_figure(names, slope=slope, low=low, high=high)
    typer.echo(f"The picture is in {save(figure, output)}.", err=True)
