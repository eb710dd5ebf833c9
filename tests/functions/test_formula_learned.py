"""The parameters of typed formulas: derivatives by them, learning them, and their error."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
from torch.func import functional_call

import ogive
import oracles
import torch
from formulas import TYPED, formula
from ogive.errors import BadParameter
from ogive.functions import Activation, registry
from ogive.functions.formula import build, error
from ogive.functions.formula_measure import exactly, measured_error
from ogive.functions.formula_parse import parse
from ogive.functions.formula_tree import parts

ENDS = np.array([-np.inf, np.inf])
POINTS = [-5.13, -2.31, -0.93, -0.21, 0.34, 1.13, 2.71, 6.07]
FAR = np.concatenate([-np.logspace(1, 300, 60), np.logspace(1, 300, 60)])
EACH = pytest.mark.parametrize("act", TYPED, ids=lambda act: act.definition.formula)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test defines is not known to the next."""
    monkeypatch.setattr(registry, "_formulas", {})


@EACH
def test_derivatives_by_parameters_are_those_of_the_formula_as_written(act: Activation) -> None:
    tree = parse(act.definition.formula, tuple(act.parameters))
    for name in act.parameters:
        found = act.parameter_slope(name, POINTS)
        for x, got in zip(POINTS, found, strict=True):

            def along(number: mpmath.mpf, x: float = x, name: str = name) -> mpmath.mpf:
                return exactly(tree, mpmath.mpf(x), {**act.parameters, name: number})

            want = mpmath.diff(along, mpmath.mpf(act.parameters[name]), h="1e-15")
            assert abs(got - want) <= 1e-14 * (abs(want) + mpmath.mpf("1e-3")), (name, x)


def _of_the_catalogue() -> Iterator[tuple[Activation, Activation, str]]:
    for entry in oracles.elementwise():
        tree = parse(entry.formula, tuple(p.name for p in entry.parameters))
        used = {n.value for n in parts(tree) if n.operation == "name"}
        act = entry()
        own = build("f", entry.formula, {k: v for k, v in act.parameters.items() if k in used})
        for name in own.parameters:
            yield own, act, name


def test_the_catalogues_formulas_have_the_catalogues_derivatives_by_parameters() -> None:
    compared = set()
    for own, act, name in _of_the_catalogue():
        if act.name == "soft_clipping":  # as typed, two terms cancel
            continue
        x = np.concatenate([np.linspace(-9, 9, 37), [-1e5, 1e5, 1e100, -1e100], ENDS])
        x = x[[all(abs(p - k) > 1e-9 for k in act.facts.kinks) for p in x]]
        found, want = own.parameter_slope(name, x), act.parameter_slope(name, x)
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-14, err_msg=act.label)
        compared.add(act.name)
    assert len(compared) > 20


def test_a_number_that_is_not_learned_is_put_in() -> None:
    # x**n with n open would need the logarithm of x.
    act = formula("x**n*tanh(a*x)", n=2.0, a=1.0)
    x = np.array([-2.0, -0.5, 1.5])
    np.testing.assert_allclose(act.parameter_slope("a", x), x**3 / np.cosh(x) ** 2, rtol=1e-14)
    module = act.module(["a"], channels=3).double()
    made = module(torch.tensor(x)[None])
    np.testing.assert_allclose(made.detach().numpy()[0], x**2 * np.tanh(x), rtol=1e-14)


def test_nothing_is_lost_far_out() -> None:
    act = formula("x*tanh(exp(a*x))", a=1.3)
    found = act.parameter_slope("a", np.concatenate([FAR, ENDS]))
    assert np.isfinite(found).all()
    assert formula("x*sigmoid(b*x)", b=1.0).parameter_slope("b", -300.0) == pytest.approx(
        300.0**2 * np.exp(-300.0), rel=1e-13
    )
    grown = formula("max(x, a*x)", a=0.25).parameter_slope("a", np.array([-np.inf, np.inf]))
    np.testing.assert_array_equal(grown, [-np.inf, 0.0])
    np.testing.assert_array_equal(
        formula("tanh(x + b)/(1 + exp(b))", b=0.0).parameter_slope("b", ENDS), [0.25, -0.25]
    )
    # Twice the exponential is more than a float64 holds.
    steep = formula("log(c + exp(x))", c=3.0).parameter_slope("c", np.array([-800.0, 800.0]))
    np.testing.assert_allclose(steep, [1 / 3, 0.0], rtol=1e-15)
    assert formula("sqrt(x**2 + a**2)", a=-3.0).parameter_slope("a", 1e200) == -3e-200


def test_at_a_tie_the_left_side_counts_for_parameters_too() -> None:
    # (where the left side does not depend on a, and where it does)
    for text, want in (
        ("max(x - a, 0)", 0.0),
        ("max(0, x - a)", 0.0),
        ("min(x - a, 0)", -1.0),
        ("min(0, x - a)", -1.0),
        ("max(a - x, 0)", 1.0),
        ("relu(x - a) + min(x - a, 0)", -1.0),
        ("where(x > a, a*a, 3*a)", 3.0),
    ):
        assert formula(text, a=1.0).parameter_slope("a", 1.0) == want, text


@EACH
def test_gradients_pass_pytorchs_own_check(act: Activation) -> None:
    names = list(act.parameters)
    x = torch.tensor(POINTS[:6], dtype=torch.float64).reshape(3, 2).requires_grad_()
    for channels in (None, 2):
        module = act.module(names, channels).double()

        def at(x: torch.Tensor, *given: torch.Tensor, module: torch.nn.Module = module) -> object:
            return functional_call(module, dict(zip(names, given, strict=True)), (x,))

        assert torch.autograd.gradcheck(at, (x, *module.parameters()))
        assert torch.autograd.gradgradcheck(at, (x, *module.parameters()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_module_starts_as_the_function_it_is_made_of(dtype: torch.dtype) -> None:
    act = formula("x*tanh(exp(a*x))", a=0.7)
    x = torch.linspace(-6, 6, 97).to(dtype)
    module = act.module(["a"])
    torch.testing.assert_close(module(x).detach(), act(x))
    module(x).sum().backward()
    want = act.parameter_slope("a", x.double().numpy()).sum()
    assert float(module.a.grad) == pytest.approx(want, rel=2e-2 if dtype != torch.float32 else 1e-6)


def test_the_parameter_of_a_formula_learns_and_is_kept() -> None:
    act = ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0)
    x = torch.linspace(-3, 3, 101)
    target = act.definition(a=0.4)(x)
    module = act.module(["a"])
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(120):
        optimiser.zero_grad()
        (module(x) - target).square().mean().backward()
        optimiser.step()
    assert module.a.item() == pytest.approx(0.4, abs=1e-2)
    again = pickle.loads(pickle.dumps(module))
    assert torch.equal(again(x), module(x))
    assert repr(again) == "LearnableModule(tempered, learnable=a)"
    with pytest.raises(BadParameter, match="tempered has no parameter 'b' to learn; it has a"):
        act.module(["b"])


def test_a_compiled_and_an_exported_module_learn() -> None:
    act = formula("x*tanh(exp(a*x)) + b", a=0.7, b=0.25)
    x = torch.linspace(-3, 3, 13)
    runs = []
    for how in ("eager", "compiled", "exported"):
        module = act.module(["a"])
        run = module
        if how == "compiled":
            run = torch.compile(module, fullgraph=True, backend="aot_eager")
        if how == "exported":
            run = torch.export.export(module, (x,)).module()
            module = run
        made = run(x)
        made.square().sum().backward()
        runs.append((made.detach(), module.a.grad))
    for made, gradient in runs[1:]:
        torch.testing.assert_close(made, runs[0][0])
        torch.testing.assert_close(gradient, runs[0][1])


def test_the_card_says_how_far_off_the_derivatives_by_parameters_are() -> None:
    told = str(formula("x*tanh(exp(a*x)) + b*x", a=1.0, b=0.5).card())
    assert 0 < by("a", told) < 1e-13
    assert by("b", told) < 1e-13
    # As typed the derivative of a quotient subtracts equals; the card does not hide it.
    assert by("b", str(error(formula("softplus(b*x)/b", b=1.0)))) > 1e-12


def by(name: str, told: str) -> float:
    return float(" ".join(told.split()).split(f"by {name} ")[1].split()[0].strip(","))


def test_a_wrong_derivative_by_a_parameter_is_seen() -> None:
    act = formula("x*tanh(exp(a*x))", a=1.0)
    right = measured_error(act, parse("x*tanh(exp(a*x))", ("a",)))
    # The same value and slope at a = 1, and another derivative by a.
    planted = measured_error(act, parse("x*tanh(exp(x))*a**2", ("a",)))
    assert right is not None
    assert planted is not None
    for told, wrong in ((right, False), (planted, True)):
        assert float(told.split("slope ")[1].split()[0]) < 1e-13
        assert (by("a", told) > 1e-3) == wrong
