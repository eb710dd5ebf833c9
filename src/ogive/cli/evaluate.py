"""``ogive eval``: a function's values at given numbers."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def evaluate(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A function: elu, elu:alpha=0.5, 'x*tanh(x)'.")
    ],
    numbers: Annotated[list[str], typer.Argument(metavar="X", help="Numbers: 0.5 -5 1e3 inf nan.")],
    slope: Annotated[bool, typer.Option("--slope", help="Print f'(x) as well.")] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help='Print one JSON document; infinities and NaN are "inf", "-inf", "nan".'
        ),
    ] = False,
) -> None:
    """Evaluate a function at numbers; softmax takes them as one vector."""
    from ogive.errors import OgiveError
    from ogive.functions import registry
    from ogive.functions.vector import AxisFunction

    x = [_number(text) for text in numbers]
    function = registry.find(name)
    along = [-1] if isinstance(function, AxisFunction) else []
    made = function(x, *along)
    columns = {"x": x, "value": [float(v) for v in (made if made.ndim else [made])]}
    if len(columns["value"]) != len(x) and not as_json:  # as many results as the function makes
        columns = {"value": columns["value"]}
    if slope:
        if isinstance(function, AxisFunction):
            raise OgiveError(
                f"{function.name} takes its numbers together, so it has a matrix of slopes and "
                f"no f'(x); leave --slope out"
            )
        columns["slope"] = [float(v) for v in function.slope(x)]
    if as_json:
        from ogive.report.plain import jsonable

        typer.echo(json.dumps(jsonable({"function": function.label, **columns}), allow_nan=False))
        return
    name = function.name if function.name.isidentifier() else "f"  # a formula is its own name
    _print_columns({"x": "x", "value": f"{name}(x)", "slope": f"{name}'(x)"}, columns)


def _number(text: str) -> float:
    from ogive.errors import OgiveError

    try:
        return float(text)
    except ValueError:
        raise OgiveError(
            f"{text!r} is neither a number nor an option of eval; write numbers like 0.5, -5 or inf"
        ) from None


def _print_columns(titles: dict[str, str], columns: dict[str, list[float]]) -> None:
    cells = [[titles[key], *map(_text, column)] for key, column in columns.items()]
    widths = [max(map(len, column)) for column in cells]
    for row in zip(*cells, strict=True):
        typer.echo("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)))


def _text(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)
