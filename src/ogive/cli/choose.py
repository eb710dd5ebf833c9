"""``ogive choose``: the main job."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ogive.cli import output
from ogive.cli.probe import printing_to_stderr
from ogive.errors import BadStudy

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
    engine: Annotated[
        str | None,
        typer.Option(help="Who trains: tcp://HOST:PORT (Dask), local-cluster, here; else cores."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Your own network: path.py:name of a torch.nn.Module or what makes one."),
    ] = None,
    own_data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Its data: path.py:name of (X, y), a Dataset, a DataLoader, a dict of train, "
            "valid and test, or of what makes them.",
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="cross_entropy, bce, mse, or path.py:name of one of (output, target)."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(help="path.py:name of what to minimise, of (model, batch), for a loss."),
    ] = None,
    replace: Annotated[
        str | None, typer.Option(help="Functions of the network to replace: relu,gelu")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="adam, adamw or sgd, for a network of your own.")
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the rows, at most, of your own network.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Rows a step, of a network of your own.")
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="Its weights: ogive (default), own or pretrained.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Where it trains: cpu, cuda, cuda:1.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="bfloat16: mixed precision, for a network of your own.")
    ] = None,
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
        from ogive.study.store import default_store

    apart = {"margin", "engine", "report", "save", "as_json"}  # none of them makes another study
    settings = {k: v for k, v in context.params.items() if k not in apart}
    if own_data is not None:
        if context.get_parameter_source("data").name != "DEFAULT":  # type: ignore[union-attr]
            raise BadStudy(f"the data are named twice, {data} and {own_data}; give one of the two")
        data = own_data
    kept = store or default_store(data, settings)
    for path, option in ((report, "--report"), (save, "--save")):
        output.check_output(path, option, (data, test_file, kept))
    with _progress(kept) as tell, printing_to_stderr():
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
            model=model,
            loss=loss,
            objective=objective,
            replace=None if replace is None else replace.split(","),
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            init=init,
            device=device,
            precision=precision,
            race=race,
            store=kept,
            engine=engine,
            progress=tell,
        )
    output.show(choice, as_json)
    output.report(choice, report)
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
