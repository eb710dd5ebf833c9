"""Typed formulas: value and slope, stable forms, limits, and tensors."""

from __future__ import annotations

import numpy as np
import pytest

import oracles
import torch
from formulas import formula, value
from ogive.functions import Activation
from ogive.functions.formula import build
from ogive.functions.formula_parse import parse
from ogive.functions.formula_tree import parts

ENDS = np.array([-np.inf, np.inf])
NEAR = np.concatenate([np.linspace(-20, 20, 4001), np.logspace(-12, 1, 60)])
FAR = np.concatenate([-np.logspace(1.4, 300, 300), np.logspace(1.4, 300, 300)])

# As typed these lose figures where two terms cancel, or have no value at a point; the catalogue
# computes them by forms of its own.
UNEVEN = {"sinc", "soft_clipping"}


def _entries() -> list[Activation]:
    return [
        act
        for act in oracles.variants()
        if act.name not in UNEVEN
        and all(abs(v) < 100 and (v == 0 or abs(v) > 0.01) for v in act.settings)
    ]


@pytest.mark.parametrize("act", _entries(), ids=oracles.by_label)
def test_the_catalogues_formulas_give_the_catalogues_functions(act: Activation) -> None:
    tree = parse(act.definition.formula, tuple(act.parameters))
    used = {n.value for n in parts(tree) if n.operation == "name"}
    own = build("f", act.definition.formula, {k: v for k, v in act.parameters.items() if k in used})
    x = np.concatenate([NEAR, FAR[np.abs(FAR) < 1e150], ENDS])
    for kink in act.facts.kinks:  # which side of it a point is on may be rounding's choice
        x = x[np.abs(x - kink) > 1e-12]
    for mine, catalogue in ((own, act), (own.slope, act.slope)):
        # Relative to what is near: both forms round their inner parts, which exp magnifies.
        np.testing.assert_allclose(mine(x), catalogue(x), rtol=5e-12, atol=1e-14)
    assert np.isnan(own(np.nan))
    assert np.isnan(own.slope(np.nan))


@pytest.mark.parametrize(
    "text",
    [
        "x*tanh(log(1 + exp(x)))",
        "x*log(1 + tanh(exp(x)))",
        "x*erf(log(1 + exp(x)))",
        "(x + sqrt(x**2 + 4))/2",
        "(sqrt(x**2 + 1) - 1)/2 + x",
        "sign(x)*log(1 + abs(x))",
        "1 - exp(-exp(x))",
        "log(exp(x) + exp(-x))",
        "log(cosh(x))",
        "log(2 + exp(x))",
        "exp(x)/(1 + exp(x))**2",
        "2/(1 + exp(-2*x)) - 1",
        "1 - 2/(1 + exp(-x))",
        "x/sqrt(1 + 0.5*x**2)",
        "x*atan(x) + asinh(x)",
        "max(0, x)**2 - min(x, 0)**3",
    ],
)
def test_functions_of_the_literature_are_accurate_as_typed(text: str) -> None:
    shown = formula(text).card()
    assert [c.holds for c in shown.checks] == [True, True]
    assert shown.accuracy is not None
    said = shown.accuracy.replace(",", "").split()
    for part in ("value", "slope"):
        assert float(said[said.index(part) + 1]) < 1e-12, shown.accuracy


def test_a_kink_takes_the_stated_side() -> None:
    assert formula("where(x > 0, 3*x, 2*x)").slope(0.0) == 2.0
    assert formula("where(x >= 0, 3*x, 2*x)").slope(0.0) == 3.0
    assert formula("abs(x)").slope(0.0) == 0.0
    assert formula("max(3*x, 2*x)").slope(0.0) == 2.0
    assert formula("min(3*x, 2*x)").slope(0.0) == 3.0
    assert formula("sign(x)*log(1 + abs(x))").slope(0.0) == 1.0
    # Pieces that meet smoothly keep their common slope.
    assert formula("max(0, x) + min(0, exp(x) - 1)").slope(0.0) == 1.0


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("log(1 + exp(x))", 800.0, 800.0),
        ("log(1 + exp(x))", -40.0, 4.248354255291589e-18),
        ("log(1 + x)", 1e-20, 1e-20),
        ("exp(x) - 1", 1e-20, 1e-20),
        ("-1 + exp(x)", 1e-20, 1e-20),
        ("1 - exp(x)", 1e-20, -1e-20),
        ("1/(1 + exp(-x))", -800.0, 0.0),
        ("exp(x)/(1 + exp(x))", 800.0, 1.0),
        ("x/(1 + exp(-x))", -1e200, 0.0),
        ("1 + tanh(x)", -30.0, 1.751302152539304e-26),
        ("1 - tanh(x)**2", 20.0, 1.6993417021166355e-17),
        ("1 - erf(x)", 6.0, 2.1519736712498913e-17),
        ("log(1 - erf(x))", 1e-20, -1.1283791670955126e-20),
        ("log(1 - exp(x))", -50.0, -1.9287498479639178e-22),
        ("x - tanh(x)", 1e-6, 3.3333333333320003e-19),
        ("(1 - exp(-x))/(1 + exp(-x))", 1e-12, 5e-13),
        ("x/sqrt(1 + x**2)", 1e200, 1.0),
        ("x**2*exp(-x**2)", 1e200, 0.0),
        ("exp(x)*exp(-x)", 800.0, 1.0),
    ],
)
def test_unstable_patterns_are_computed_in_a_stable_form(
    text: str, x: float, expected: float
) -> None:
    assert value(text, x) == pytest.approx(expected, rel=4e-16, abs=0)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("x*tanh(exp(x))", (0.0, np.inf)),
        ("x/(1 + abs(x))", (-1.0, 1.0)),
        ("x/(1 + exp(-1.702*x))", (0.0, np.inf)),
        ("x*exp(-x**2)", (0.0, 0.0)),
        ("x - tanh(x)", (-np.inf, np.inf)),
    ],
)
def test_infinities_give_the_limits(text: str, limits: tuple[float, float]) -> None:
    act = formula(text)
    assert tuple(act(ENDS)) == limits
    assert act.facts.limits == limits
    assert np.isfinite(act.slope(ENDS)).all()
    assert not np.isnan(act(FAR)).any()
    assert not np.isnan(act.slope(FAR)).any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_torch_gives_the_same_numbers_and_the_slope_as_gradient(dtype: torch.dtype) -> None:
    numbers = [-np.inf, -1e5, -200.0, -90.0, -20.0, -1.0, 0.0, 0.01, 5.0, 90.0, 1e5, np.inf]
    for text in (
        "x*tanh(exp(x))",
        "where(x > 0, 1.1, 0.3)",
        "max(x, x**2)/(1 + exp(-x))",
        "x/sqrt(1 + x**2)",
        "2**min(x, 3) - sinh(x)/cosh(x)",
        "x",
        "3",
    ):
        act = formula(text)
        x = torch.tensor([*numbers, np.nan], dtype=dtype, requires_grad=True)
        made = act(x)
        made.sum().backward()
        assert made.dtype == dtype
        wide = x.detach().double().numpy()
        close = {"rtol": 1e-2 if dtype == torch.bfloat16 else 2e-5, "atol": 1e-6, "equal_nan": True}
        with np.errstate(over="ignore"):
            expected = torch.tensor(act(wide)).to(dtype)
        assert torch.allclose(made.detach(), expected, **close), text
        assert torch.allclose(x.grad, torch.tensor(act.slope(wide)).to(dtype), **close), text
