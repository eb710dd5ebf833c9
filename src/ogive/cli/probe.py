"""``ogive probe``: what the activations do inside a model of your own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ogive.cli import output
from ogive.errors import OgiveError

_INPUTS, _TARGETS = ("x", "X", "inputs"), ("y", "Y", "targets")


def probe(
    model: Annotated[
        str, typer.Option(help="path.py:name of a torch.nn.Module, or of what makes one.")
    ],
    data: Annotated[
        str,
        typer.Option(
            help="path.py:name of inputs, a pair (inputs, targets), batches, or of what makes "
            "them; or an .npz file with x and, if any, y."
        ),
    ],
    loss: Annotated[
        str | None, typer.Option(help="path.py:name of a loss of outputs and targets.")
    ] = None,
    batches: Annotated[
        int | None, typer.Option(help="How many batches to look at, at most.", min=1)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page to this .html file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Say what the activations do inside a model on data, what is wrong, and what to do."""
    output.check_output(report, "--report", (model.rpartition(":")[0], data.rpartition(":")[0]))
    with printing_to_stderr():
        health = _probed(model, data, loss, batches)
    output.show(health, as_json)
    output.report(health, report)


def _probed(model: str, data: str, loss: str | None, batches: int | None) -> Any:
    from ogive.diagnosis.probe import probe as run
    from ogive.study.pyfiles import called, named
    from torch import nn

    made = named(model, "--model")
    if not isinstance(made, nn.Module):
        made = called(made, model, "--model")
    if not isinstance(made, nn.Module):
        raise OgiveError(
            f"--model {model} is {type(made).__name__}; name a torch.nn.Module, or a class or "
            f"function that makes one without arguments"
        )
    inputs, targets = _data(data)
    chosen = None if loss is None else named(loss, "--loss")
    if inspect.isclass(chosen):
        chosen = called(chosen, str(loss), "--loss")
    if chosen is not None and not callable(chosen):
        raise OgiveError(f"--loss {loss} is {type(chosen).__name__}; name a function")
    try:
        return run(made, inputs, targets, chosen, batches=batches)
    except OgiveError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise OgiveError(
            f"the model does not run on this data ({type(error).__name__}: {reason}); give inputs "
            f"as the model takes them"
        ) from error


def _data(given: str) -> tuple[Any, Any]:
    """Inputs and targets."""
    if given.endswith(".npz"):
        return _arrays(Path(given))
    from ogive.study.pyfiles import called, named

    made = named(given, "--data")
    if inspect.isfunction(made) or inspect.isclass(made):
        made = called(made, given, "--data")
    if isinstance(made, tuple | list) and len(made) == 2:
        return made[0], made[1]
    return made, None


def _arrays(path: Path) -> tuple[Any, Any]:
    import numpy as np

    import torch

    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise OgiveError(
            f"--data {path} cannot be read ({error}); name an .npz file of plain arrays"
        ) from None
    x = next((arrays[name] for name in _INPUTS if name in arrays), None)
    if x is None:
        raise OgiveError(
            f"--data {path} holds {', '.join(arrays) or 'nothing'}; store the inputs as x and the "
            f"targets, if any, as y"
        )
    y = next((arrays[name] for name in _TARGETS if name in arrays), None)
    dtype = torch.get_default_dtype()
    tensors = [None if a is None else torch.from_numpy(a) for a in (x, y)]
    inputs, targets = (t.to(dtype) if t is not None and t.is_floating_point() else t
                       for t in tensors)  # fmt: skip
    return inputs, targets


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """What the user's files print goes to standard error: standard output is for the result."""
    import contextlib

    with contextlib.redirect_stdout(sys.stderr):
        yield
