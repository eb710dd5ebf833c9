"""The command line: one thin module a verb, and one place where errors become sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import typer

from ogive.cli import (
    choose,
    cost,
    evaluate,
    listing,
    plot,
    predict,
    probe,
    report,
    show,
    theory,
    tour,
)
from ogive.errors import OgiveError

# Typer brings a click of its own or uses the installed one, depending on its version.
_UsageError: Any = next(k for k in typer.BadParameter.__mro__ if k.__name__ == "ClickException")

app = typer.Typer(
    name="ogive",
    help="Which activation function should my network use? Exact functions and fair comparisons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        import ogive

        typer.echo(f"ogive {ogive.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=_print_version, is_eager=True
    ),
) -> None:
    pass


class _Stopped(Exception):
    """An interruption on its way through Typer, which would drop its message."""


def _add(name: str, verb: Callable[..., None], **context_settings: Any) -> None:
    @wraps(verb)
    def guarded(*arguments: Any, **options: Any) -> None:
        try:
            verb(*arguments, **options)
        except KeyboardInterrupt as interruption:
            raise _Stopped(*interruption.args) from interruption

    app.command(name, context_settings=context_settings)(guarded)


_add("choose", choose.choose)
_add("report", report.report)
_add("predict", predict.predict)
_add("eval", evaluate.evaluate, ignore_unknown_options=True)  # numbers may be negative
_add("list", listing.listing)
_add("cost", cost.cost)
_add("show", show.show)
_add("plot", plot.plot)
_add("theory", theory.theory)
_add("probe", probe.probe)
_add("tour", tour.tour)
_add("lab", tour.lab)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    The exit code is 0 when done, 2 for bad input or usage, 130 when interrupted and 1 for
    anything else.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(
            args=None if arguments is None else list(arguments),
            prog_name="ogive",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except OgiveError as error:
        return _fail(str(error), 2)
    except _UsageError as error:
        error.show()
        return 2
    except (_Stopped, KeyboardInterrupt) as error:
        return _fail(str(error) or "interrupted", 130)
    except BrokenPipeError:
        # The reader (such as `head`) has gone; keep Python from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("OGIVE_DEBUG") == "1":
            raise
        return _fail(
            f"unexpected {type(error).__name__}: {str(error).partition(chr(10))[0]}; please report "
            f"this with the command you ran (OGIVE_DEBUG=1 shows where it happened)",
            1,
        )
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    print(f"ogive: {message}", file=sys.stderr)
    return code
