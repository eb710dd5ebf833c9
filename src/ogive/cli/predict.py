"""``ogive predict``: predictions of a saved network on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    folder: Annotated[Path, typer.Argument(help="A folder written by `ogive choose --save`.")],
    data: Annotated[str, typer.Argument(help="New rows: a .csv, .tsv, .parquet or .npz file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .csv or .parquet file (default: to the screen)."),
    ] = None,
) -> None:
    """Predict new rows with a saved network."""
    from ogive.errors import OgiveError
    from ogive.study.takehome import load

    if output is not None and output.suffix.lower() not in {".csv", ".parquet"}:
        raise OgiveError(
            f"-o {output} has no suffix that says how to write it; name a .csv or .parquet file"
        )
    if output is not None and output.resolve() == Path(data).resolve():
        raise OgiveError(f"-o {output} is the file with the rows to predict; name another file")
    table = load(folder).table(data)
    if output is None:
        typer.echo(table.to_csv(index=False), nl=False)
        return
    try:
        if output.suffix.lower() == ".csv":
            table.to_csv(output, index=False)
        else:
            table.to_parquet(output, index=False)
    except OSError as error:
        raise OgiveError(
            f"{output} cannot be written ({error.strerror or error}); "
            "name a file that you may write"
        ) from None
    typer.echo(f"{len(table)} predictions are in {output}.", err=True)
