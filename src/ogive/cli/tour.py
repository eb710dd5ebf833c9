"""``ogive tour`` and ``ogive lab``: the notebooks, in the browser or written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[int | None, typer.Option(help="The port of the local server.", min=1, max=65535)]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open the browser, or print the address.")
]


def tour(
    notebook: Annotated[
        Path | None,
        typer.Argument(
            metavar="[COPY]", help="Your copy (default: ogive_tour.py, made if absent)."
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the tour to a page (.html) or a Jupyter notebook (.ipynb)."),
    ] = None,
    port: Port = None,
    browser: Browser = True,
) -> None:
    """Read, drag and edit the tour of the source texts: every figure and number, checked."""
    from ogive.lab.notebook import TOUR, need_marimo

    need_marimo("tour")
    if export is not None:
        from ogive.lab import export as exporting

        exporting.check(export)
        typer.echo("Running the tour, which takes about a minute.", err=True)
        source = TOUR if notebook is None else notebook
        typer.echo(f"The tour is in {exporting.export(export, source)}.", err=True)
        return
    from ogive.lab.opening import COPY, copied, open_tour

    path = Path(COPY) if notebook is None else notebook
    typer.echo(copied(path), err=True)
    typer.echo("It runs when you press the yellow button, or Ctrl+Shift+R.", err=True)
    open_tour(path, port, browser)


def lab(port: Port = None, browser: Browser = True) -> None:
    """Play: choose or type a function, drag its parameters, train networks with it."""
    from ogive.lab.opening import open_lab

    open_lab(port, browser)
