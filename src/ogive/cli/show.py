"""``ogive show``: the card of a function."""

from __future__ import annotations

from typing import Annotated

import typer

from ogive.cli import output


def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A function: elu, elu:alpha=0.5, 'x*tanh(x)'.")
    ],
    as_json: Annotated[
        bool,
        typer.Option("--json", help='Print one JSON document; infinities are "inf" and "-inf".'),
    ] = False,
) -> None:
    """Show what is known of a function, with every claim tried out."""
    from ogive.functions import registry
    from ogive.report.card import card

    shown = card(registry.find(name))
    output.show(shown, as_json)
