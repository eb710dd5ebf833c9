"""Derivatives made from the graph: by x to the third order and by each parameter."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import oracles
from ogive.errors import BadParameter, OgiveError
from ogive.functions import Activation, Definition, get
from ogive.functions.activation import Facts, Parameter, Source
from ogive.numerics.compiled import Wanted
from ogive.numerics.derive import FACTORS, FLAT, derivative
from ogive.numerics.elementary import absolute, exp, expm1, hypot, maximum, minimum, where
from ogive.numerics.graph import COMPARISONS, Graph, interpret, trace
from ogive.numerics.kernels import apply_wanted

POINTS = [-5.13, -2.31, -0.93, -0.21, 0.34, 1.13, 2.71, 6.07]
DEFAULTS = pytest.mark.parametrize(
    "act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label
)


def away(act: Activation, points: list[float]) -> list[float]:
    """The points that keep a distance from where a derivative jumps."""
    corners = (*act.facts.kinks, *act.facts.bends)
    return [p for p in points if all(abs(p - c) > 0.01 for c in corners)]


@DEFAULTS
@pytest.mark.parametrize("order", [2, 3])
def test_higher_derivatives_equal_those_of_the_oracle(act: Activation, order: int) -> None:
    points = away(act, POINTS)
    assert act.compiled is not None
    got = apply_wanted(act.compiled, Wanted(order), np.array(points))
    settings = [mpf(s) for s in act.settings]
    for x, found in zip(points, got, strict=True):
        want = mpmath.diff(
            lambda t: oracles.ORACLES[act.name][1](t, *settings), mpf(x), order - 1, h="1e-12"
        )
        # Near a root of the derivative only its terms, which are of size 1, say something.
        assert abs(mpf(float(found)) - want) <= mpf("1e-13") * (abs(want) + mpf("0.01")), x


def with_parameters() -> list[tuple[Activation, str]]:
    """Every parameter at its default, and at a setting that is no round number."""
    found = []
    for entry in oracles.elementwise():
        for p in entry.parameters:
            found.append((entry(), p.name))
            odd = 1.37 if p.low <= 1.37 <= p.high else 0.37
            if p.low <= odd <= p.high:
                found.append((entry(**{p.name: odd}), p.name))
    return found


@pytest.mark.parametrize(
    ("act", "name"), with_parameters(), ids=lambda v: v if isinstance(v, str) else v.label
)
def test_the_slope_by_a_parameter_equals_that_of_the_oracle(act: Activation, name: str) -> None:
    at = list(act.parameters).index(name)
    points = away(act, POINTS)
    got = act.parameter_slope(name, np.array(points))
    for x, found in zip(points, got, strict=True):

        def by(p: mpf, x: float = x) -> mpf:
            settings = [mpf(s) for s in act.settings]
            settings[at] = p
            return oracles.ORACLES[act.name][0](mpf(x), *settings)

        want = mpmath.diff(by, mpf(act.settings[at]), h="1e-12")
        assert abs(mpf(float(found)) - want) <= mpf("1e-9") * (abs(want) + mpf("1e-3")), x


def small(name: str, value: object, slope: object, *parameters: Parameter) -> Definition:
    """A definition for these tests; its facts are never looked at."""
    return Definition(
        name=name,
        formula="x",
        value=value,  # type: ignore[arg-type]
        slope=slope,  # type: ignore[arg-type]
        facts=lambda **_: Facts(range=(-np.inf, np.inf), limits=(None, None), lipschitz=np.inf),
        source=Source("made up"),
        parameters=parameters,
    )


@pytest.mark.parametrize("other", [0.0, 1.0, -1.0, 2.0, 0.5])
def test_a_parameter_that_is_0_or_1_by_chance_is_no_constant(other: float) -> None:
    entry = small(
        "chance",
        lambda x, a, b: a * x * x + b * x,
        lambda x, a, b: 2 * a * x + b,
        Parameter("a", 1.0),
        Parameter("b", 0.0),
    )
    x = np.array([-2.0, 0.5, 3.0])
    for a, b in ((1.0, 0.0), (other, other), (0.0, 1.0)):
        act = entry(a=a, b=b)
        np.testing.assert_array_equal(act(x), a * x * x + b * x)
        np.testing.assert_array_equal(act.slope(x), 2 * a * x + b)
        np.testing.assert_array_equal(act.parameter_slope("a", x), x * x)
        np.testing.assert_array_equal(act.parameter_slope("b", x), x)
        assert act.compiled is not None
        np.testing.assert_array_equal(apply_wanted(act.compiled, Wanted(2), x), np.full(3, 2 * a))


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        (lambda x: minimum(x, 0), 1.0),
        (lambda x: maximum(x, 0), 0.0),
        (lambda x: minimum(0, x), 1.0),
        (lambda x: maximum(0, x), 0.0),
        (absolute, -1.0),
        (lambda x: maximum(minimum(x, 0), -1), 1.0),
        (lambda x: minimum(maximum(x, 0), 1), 0.0),
        (lambda x: where(x > 0, 2 * x, 3 * x), 3.0),
        (lambda x: maximum(x, 0) + minimum(x, 0), 1.0),
    ],
)
def test_ties_take_the_left_side(expression: object, left: float) -> None:
    (node,) = trace([expression])  # type: ignore[list-item]
    slope = derivative(node, node.graph.x)
    for zero in (0.0, -0.0):
        assert float(interpret(slope, np.array(zero), ())) == left


def test_a_smooth_joint_of_two_halves_keeps_its_derivatives() -> None:
    # celu with alpha = 1: maximum(x, 0) + expm1(minimum(x, 0)) has the slope 1 on both sides.
    (node,) = trace([lambda x: maximum(x, 0) + expm1(minimum(x, 0))])
    slope = derivative(node, node.graph.x)
    found = interpret(slope, np.array([-1e-300, 0.0, 1e-300]), ())
    np.testing.assert_array_equal(found, 1.0)


def test_every_operation_of_the_kernels_has_a_rule() -> None:
    special = {"where", "minimum", "maximum"}
    graph = Graph()
    for name in {*FACTORS, *FLAT, *special} - {"and", "or"}:
        if name in COMPARISONS:
            node = graph.make(name, graph.x, 0.5)
        elif name == "where":
            node = graph.make(name, graph.x > 0.0, graph.x, 0.5)
        elif name in {"minimum", "maximum", "hypot", "keep_nan", "copysign", "power"} | {
            "add",
            "subtract",
            "multiply",
            "divide",
        }:
            node = graph.make(name, graph.x, 2.5)
        else:
            node = graph.make(name, graph.x)
        with np.errstate(all="ignore"):
            slope = interpret(derivative(node, graph.x), np.array([0.3, 1.7]), ())
            step = 1e-6
            high, low = (
                np.asarray(interpret(node, np.array([0.3, 1.7]) + s, ()), float)
                for s in (step, -step)
            )
        np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-6, atol=1e-8)


def test_an_operation_without_a_rule_is_said() -> None:
    graph = Graph()
    with pytest.raises(TypeError, match="the derivative of mystery is not known"):
        derivative(graph.make("mystery", graph.x), graph.x)


def test_what_does_not_vary_has_no_derivative() -> None:
    (node,) = trace([lambda x, a: a * 2 + 0 * exp(-a)], (3.0,))
    assert derivative(node, node.graph.x).number == 0.0
    (node,) = trace([lambda x, a: hypot(x, 1.0)], (3.0,))
    assert derivative(node, node.graph.parameters[0]).number == 0.0


def test_a_parameter_slope_that_cannot_be_known_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadParameter, match="elu has no parameter 'beta'"):
        get("elu").parameter_slope("beta", [1.0])
    raw = small("raw", lambda x, a: a * np.exp(x), lambda x, a: a * np.exp(x), Parameter("a", 1.0))
    with pytest.raises(OgiveError, match="the slope of raw by a is not known"):
        raw().parameter_slope("a", [1.0])
