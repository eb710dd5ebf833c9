"""``ogive cost``: what functions cost on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ogive.functions.activation import Activation
    from ogive.functions.timing import Cost

PATIENCE = 2.0  # seconds after which progress is shown


def cost(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Functions: relu elu:alpha=0.5 'x*tanh(x)'."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document; times in nanoseconds.")
    ] = False,
) -> None:
    """Measure what functions cost here, forward and backward, the cheapest first.

    Without names, every elementwise function of the catalogue is measured.
    """
    from ogive.functions import registry
    from ogive.functions.activation import Definition

    if names:
        functions = [registry.get(name) for name in names]
    else:
        functions = [entry() for entry in registry.entries() if isinstance(entry, Definition)]
    measured = [function.cost() for function in _counted(functions)]
    measured.sort(key=lambda one: (one.total, one.label))
    if as_json:
        typer.echo(json.dumps(_document(measured), allow_nan=False))
    elif len(measured) == 1:
        _print(measured[0])
    else:
        _print(_table(measured))


def _document(measured: Sequence[Cost]) -> dict[str, Any]:
    from ogive.functions.timing import ELEMENTS

    return {
        "unit": "nanoseconds an element",
        "dtype": "float32",
        "threads": 1,
        "elements": ELEMENTS,
        "functions": [one.to_dict() for one in measured],
    }


def _table(measured: Sequence[Cost]) -> Any:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from ogive.functions.timing import HOW, nanoseconds

    copy = sorted(one.copy for one in measured)[len(measured) // 2]
    note = (
        f"Nanoseconds an element: {HOW}. A memory copy takes {nanoseconds(copy)}. Operations are "
        "exp-like + simple ones, of value and slope."
    )
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("name", style="bold", overflow="fold")
    for head in ("forward", "backward", "together", "operations"):
        table.add_column(head, justify="right")
    for one in measured:
        counts = one.operations
        table.add_row(
            Text(one.label),
            *map(nanoseconds, (one.forward, one.backward, one.total)),
            "-" if counts is None else f"{counts.transcendental} + {counts.simple}",
        )
    return Group(table, Text(note, style="dim"))


def _print(shown: Any) -> None:
    from rich.console import Console

    Console().print(shown)


def _counted(functions: Sequence[Activation]) -> Iterator[Activation]:
    """The functions one by one; after two seconds standard error tells how many are left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    begun = monotonic()
    columns = (
        TextColumn("measuring"),
        BarColumn(),
        MofNCompleteColumn(),
        Left(),
        TextColumn("left"),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("measuring", total=len(functions))
    try:
        for done, function in enumerate(functions):
            bar.update(task, completed=done)
            gone = monotonic() - begun
            if sys.stderr.isatty():
                if gone > PATIENCE:
                    bar.start()
            elif done and gone > PATIENCE and done % max(1, len(functions) // 10) == 0:
                left = gone / done * (len(functions) - done)
                typer.echo(
                    f"measuring: {done} of {len(functions)}, about {left:.0f} s left", err=True
                )
            yield function
    finally:
        if bar.live.is_started:
            bar.stop()
