"""``ogive choose``: the main job."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ogive.errors import BadStudy, OgiveError

_DATA = (
    "A built-in set (digits, breast_cancer, wine, iris, diabetes), "
    "or a .csv, .tsv, .parquet or .npz file."
)


def choose(
    context: typer.Context,
    data: Annotated[str, typer.Argument(help=_DATA)] = "digits",
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    task: Annotated[
        str | None, typer.Option(help="classification, regression or positive; inferred if absent.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="accuracy, balanced_accuracy, log_loss, auc, r2, rmse or mae."),
    ] = None,
    candidates: Annotated[
        str | None, typer.Option(help="Functions to compare: relu,elu:alpha=0.5,x*tanh(x)")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Splits at most, each with final runs (default 20).")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Time to spend (90s, 5m, 2h) instead of --seeds.")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="The difference that matters, in the metric's units.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; may be repeated.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="A column whose equal values stay on one side of a split.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="A column to split by: train on the past, test on the last.")
    ] = None,
    test_file: Annotated[
        Path | None, typer.Option(help="Your own test rows, with the same columns.")
    ] = None,
    depth: Annotated[int | None, typer.Option(help="Hidden layers (default 2).")] = None,
    width: Annotated[
        int | None, typer.Option(help="Units a hidden layer (default by the number of rows).")
    ] = None,
    rates: Annotated[
        str | None, typer.Option(help="Learning rates to tune over: 0.001,0.01,0.1")
    ] = None,
    seed: Annotated[int, typer.Option(help="Where all random draws start.")] = 0,
    race: Annotated[
        bool, typer.Option(help="Stop candidates that are clearly behind, or train all in full.")
    ] = True,
    store: Annotated[
        Path | None, typer.Option(help="The SQLite file to keep the study in, and resume from.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report to this .html file.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Save the recommended network, trained, in this folder.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Train the same network with each function, fairly, and say which one to use.

    Every run is kept in the store, so the same command continues after an interruption.
    """
    with _no_interruption():  # torch ends the process if Ctrl-C meets it half imported
        from ogive.study.choose import choose as run
        from ogive.study.choose import default_store

    settings = {
        k: v for k, v in context.params.items() if k not in {"margin", "report", "save", "as_json"}
    }
    kept = store or default_store(data, settings)
    for path, option in ((report, "--report"), (save, "--save")):
        check_output(path, option, (data, test_file, kept))
    with _progress(kept) as tell:
        choice = run(
            data,
            target=target,
            task=task,
            metric=metric,
            candidates=candidates,
            seeds=seeds,
            budget=budget,
            margin=margin,
            drop=drop or (),
            group=group,
            time=time,
            test_file=test_file,
            depth=depth,
            width=width,
            rates=None if rates is None else _numbers(rates),
            seed=seed,
            race=race,
            store=kept,
            progress=tell,
        )
    if as_json:
        typer.echo(json.dumps(choice.to_dict(), allow_nan=False))
    else:
        from rich.console import Console

        Console().print(choice)
    if report is not None:
        choice.report(report)
        typer.echo(f"The report is in {report}.", err=True)
    if save is not None:
        choice.save(save)
        typer.echo(
            f"The network is in {save}; predict with: "
            f"ogive predict {shlex.quote(str(save))} NEW_ROWS.csv -o predictions.csv",
            err=True,
        )


@contextlib.contextmanager
def _no_interruption() -> Iterator[None]:
    """Hold Ctrl-C back, and raise it at the end."""
    held: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if held:
        raise KeyboardInterrupt("interrupted before training began")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BadStudy(
            f"--rates {text!r} is no list of numbers; write for example 0.001,0.01,0.1"
        ) from None


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


@contextlib.contextmanager
def _progress(store: Path) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left on standard error; plain lines where that is no terminal.

    The store is named once training starts, so that a refused study does not speak of one.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    if not sys.stderr.isatty():
        yield _plain_progress(store)
        return
    columns: tuple[Any, ...] = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pieces,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=600) as bar:
        shown: list[TaskID] = []

        def tell(done: int, total: int) -> None:
            if not shown:
                bar.console.print(_KEPT.format(store), highlight=False, markup=False)
                shown.append(bar.add_task("training", total=total, completed=done))
            bar.update(shown[0], completed=done, total=total)

        yield tell


_KEPT = "The study is kept in {}; the same command continues it."


def _plain_progress(store: Path) -> Callable[[int, int], None]:
    from time import monotonic

    begun: list[float] = []
    first: list[int] = []

    def tell(done: int, total: int) -> None:
        if not begun:
            begun.append(monotonic())
            first.append(done)
            typer.echo(_KEPT.format(store), err=True)
            if done:
                typer.echo(f"training: {done} of {total} pieces were stored before", err=True)
            return
        gone = monotonic() - begun[0]
        left = gone / (done - first[0]) * (total - done)
        if done == total or done % max(1, total // 10) == 0:
            typer.echo(f"training: {done} of {total} pieces, about {left:.0f} s left", err=True)

    return tell
