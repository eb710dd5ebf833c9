"""``ogive list``: the catalogue."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def listing(
    family: Annotated[str | None, typer.Option(help="Only the functions of this family.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the functions: name, formula, family and other names."""
    from ogive.functions import registry
    from ogive.functions.activation import Definition

    wanted = registry.names(family)
    entries = [entry for entry in registry.entries() if entry.name in wanted]
    if as_json:
        document = [
            {
                "name": entry.name,
                "family": entry.family,
                "formula": entry.formula,
                "summary": entry.summary,
                "parameters": {p.name: p.default for p in entry.parameters}
                if isinstance(entry, Definition)
                else {},
                "aliases": list(entry.aliases),
            }
            for entry in entries
        ]
        typer.echo(json.dumps(document, allow_nan=False))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("name", style="bold", no_wrap=True)
    table.add_column("f(x)", overflow="fold", min_width=24)
    table.add_column("family")
    table.add_column("also called", overflow="fold")
    for entry in entries:
        table.add_row(entry.name, Text(entry.formula), entry.family, Text(", ".join(entry.aliases)))
    Console().print(table)
