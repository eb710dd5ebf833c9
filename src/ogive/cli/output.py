"""What several verbs write: a record on standard output, and a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import typer

from ogive.errors import OgiveError


class Record(Protocol):
    """A result as the command line needs it."""

    def to_dict(self) -> dict[str, Any]: ...


def show(record: Record, as_json: bool) -> None:
    """The record as one JSON document, or as a person reads it."""
    if as_json:
        typer.echo(json.dumps(record.to_dict(), allow_nan=False))
        return
    from rich.console import Console

    Console().print(record)


def report(record: Any, path: Path | None) -> None:
    """The record's page, if one was asked for."""
    if path is not None:
        record.report(path)
        typer.echo(f"The report is in {path}.", err=True)


def check_output(path: Path | None, option: str, inputs: Sequence[str | Path | None]) -> None:
    """Before an hour is spent: a result that could not be written is said at once.

    Raises :class:`OgiveError` for a folder that does not exist, for a name that does not suit
    what is written, and for a file that is among ``inputs`` and would be lost.
    """
    if path is None:
        return
    if any(given is not None and path.resolve() == Path(given).resolve() for given in inputs):
        raise OgiveError(f"{option} {path} is read by this very command; name another file")
    if option != "--save" and path.suffix.lower() not in {".html", ".htm"}:
        raise OgiveError(f"{option} {path} has another suffix than .html; a report is a page")
    if not path.absolute().parent.is_dir():
        raise OgiveError(
            f"{option} {path} cannot be written because the folder {path.parent} does not exist; "
            "make the folder or name another"
        )
    if option != "--save" and path.is_dir():
        raise OgiveError(f"{option} {path} is a folder; name a file, such as report.html")
    if option == "--save" and path.exists() and not path.is_dir():
        raise OgiveError(f"{option} {path} is a file; name a folder")
