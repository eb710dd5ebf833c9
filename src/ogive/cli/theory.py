"""``ogive theory``: what a function does in a deep random network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ogive.cli import output


def theory(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A function: elu, elu:alpha=0.5, 'x*tanh(x)'.")
    ],
    sigma_w: Annotated[
        float | None,
        typer.Option(help="Weights have variance sigma_w^2/fan_in; the gain if not given."),
    ] = None,
    sigma_b: Annotated[float, typer.Option(help="Biases have variance sigma_b^2.")] = 0.0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document; null is what does not exist."),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Draw the two maps and the phases: .png, .svg or .pdf."),
    ] = None,
) -> None:
    """Say what mean-field theory does: gains, fixed points, edge of chaos, depth scales."""
    from ogive.meanfield.theory import theory as theory_of

    found = theory_of(name, sigma_w, sigma_b)
    if plot is not None:
        from ogive.report.figures import save

        typer.echo(f"The picture is in {save(found.figure(), plot)}.", err=True)
    output.show(found, as_json)
