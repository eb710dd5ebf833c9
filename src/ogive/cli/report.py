"""``ogive report``: the page of a stored study, without training or loading torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    store: Annotated[Path, typer.Argument(help="The SQLite file that `ogive choose` kept.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .html file (default: beside STORE).")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="The difference that matters, in the metric's units.")
    ] = None,
) -> None:
    """Write the page of a stored study."""
    from ogive.cli.output import check_output
    from ogive.report.page import write
    from ogive.study.store import read_study
    from ogive.study.verdict import check_margin, verdict

    check_margin(margin)
    study = read_study(store)
    path = output or store.with_suffix(".html")
    check_output(path, "-o", (store,))
    write(study, verdict(study, study.plan.margin if margin is None else margin), path)
    typer.echo(f"The report is in {path}.")
