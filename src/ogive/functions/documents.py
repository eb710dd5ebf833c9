"""The docstring of ``ogive.<name>``, made from the entry: what ``help(ogive.elu)`` shows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from ogive.functions.activation import Activation, Definition
from ogive.functions.vector import AxisFunction
from ogive.numerics.kernels import evaluate

WIDTH = 88
POINTS = [-0.75, 0.0, 0.75, 1.5]  # of the example
FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX", "onnx": "ONNX"}
KINDS = "a NumPy, PyTorch or JAX array of any shape, a list or a number"
DTYPES = (
    "float64, float32, float16 and bfloat16 are kept; integers and booleans become float64, and "
    "in tensors torch's default dtype"
)
# As NumPy prints where nobody has set anything.
PRINTED: dict[str, Any] = {
    "precision": 8,
    "suppress": False,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "floatmode": "maxprec",
    "formatter": None,
    "legacy": False,
}


def document(entry: Definition | AxisFunction) -> str:
    """What the function is, takes, returns and raises, its slope, its source, and an example."""
    if isinstance(entry, AxisFunction):
        parts, example = list(_axis_parts(entry)), _axis_example(entry)
    else:
        parts, example = list(_parts(entry)), _example(entry())
    lines = [*_folded(entry.summary), "", f"    f(x) = {entry.formula}", ""]
    for part in parts:
        lines += _folded(part, indent="    ")
    if entry.aliases:
        lines += _folded(f"Also called: {', '.join(entry.aliases)}.", indent="    ")
    if entry.equivalents:
        same = "; ".join(f"{FRAMEWORKS.get(k, k)} {v}" for k, v in entry.equivalents.items())
        lines += _folded(f"Elsewhere: {same}.", indent="    ")
    source = _folded(f"Source: {entry.source}.", indent="    ")
    return "\n".join([*lines, *source, "", "Example:", "", *example])


def _folded(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _parts(entry: Definition) -> Iterator[str]:
    yield f"x: {KINDS}."
    yield from _parameters(entry)
    yield f"Returns: f of each element, in x's shape and kind. {DTYPES}."
    yield (
        f'Slope: ogive.get("{entry.name}").slope(x) computes f\'(x) from x, without loss where '
        "f(x) saturates; it is the gradient of tensors too."
    )
    facts = entry().facts
    if facts.at_kinks:
        yield f"Convention: {facts.at_kinks}."
    wrong = "OgiveError where x is not real numbers"
    if entry.parameters:
        wrong += "; BadParameter for a parameter that is unknown, no number or out of bounds"
    yield f"Raises: {wrong}."


def _parameters(entry: Definition | AxisFunction) -> Iterator[str]:
    for p in entry.parameters:
        yield f"{p.name}: {p.meaning or 'a number'}; {p.bounds()} (default {p.default:g})."


def _axis_parts(entry: AxisFunction) -> Iterator[str]:
    usual = "the last" if entry.usual_axis == -1 else f"{entry.usual_axis}"
    yield f"x: {KINDS.removesuffix(' or a number').replace(', a list', ' or a list')}."
    yield f"axis: the axis along which the values belong together (default {usual})."
    yield from _parameters(entry)
    shape = "x's shape"
    if entry.reduces:
        shape += " without the axis"
    else:
        given = _axis_input(entry)
        before, after = given.shape[entry.usual_axis], entry(given).shape[entry.usual_axis]
        if after != before:
            shape += f", but {'half' if after < before else 'twice'} as long along the axis,"
    yield f"Returns: an array of x's kind, in {shape} and x's dtype. {DTYPES}."
    yield "Slope: there is a matrix of slopes and no f'(x); tensors are differentiated by autograd."
    yield (
        "Raises: OgiveError where x is not real numbers or has no such axis; BadParameter for a "
        "parameter that is unknown, no number or out of bounds."
        if entry.parameters
        else "Raises: OgiveError where x is not real numbers or has no such axis; BadParameter for "
        "an unknown parameter."
    )


def _printed(array: np.ndarray) -> str:
    with np.printoptions(**PRINTED):
        return repr(array)


def _example(act: Activation) -> list[str]:
    # By the expressions: a docstring is no reason to compile a kernel.
    x = np.array(POINTS)
    return [
        ">>> import ogive",
        f">>> ogive.{act.name}({POINTS})",
        _printed(evaluate(act.value_expression, x)),
        f'>>> ogive.get("{act.name}").slope({POINTS})',
        _printed(evaluate(act.slope_expression, x)),
    ]


def _axis_input(entry: AxisFunction) -> np.ndarray:
    """Four numbers, along the usual axis of as few axes as have it."""
    return np.arange(1.0, 5.0).reshape(-1, *[1] * (-1 - entry.usual_axis))


def _axis_example(entry: AxisFunction) -> list[str]:
    given = _axis_input(entry)
    made, flat = entry(given), ""
    if made.ndim > 2:  # printed with empty lines, which end an example's result
        made, flat = made.ravel(), ".ravel()"
    return [
        ">>> import ogive",
        f">>> ogive.{entry.name}({given.tolist()}, axis={entry.usual_axis}){flat}",
        _printed(made),
    ]
