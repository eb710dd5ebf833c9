"""Definitions as graphs: what can be traced, what is chosen when, and what falls back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special

import oracles
import torch
from ogive.functions import Activation, Definition
from ogive.functions.activation import Facts, Parameter, Source
from ogive.numerics.compiled import compiled
from ogive.numerics.elementary import exp, expm1, is_tensor, maximum, minimum, tanh, where
from ogive.numerics.graph import Graph, Node, interpret, needed, trace

X = np.array([-3.0, -1.0, -0.25, 0.0, 0.5, 2.0])


def own(value: Any, slope: Any, **parameters: float) -> Definition:
    """A user's definition; its facts are never looked at."""
    return Definition(
        name="own",
        formula="x",
        value=value,
        slope=slope,
        facts=lambda **_: Facts(range=(-np.inf, np.inf), limits=(None, None), lipschitz=np.inf),
        source=Source("made up"),
        parameters=tuple(Parameter(name, default) for name, default in parameters.items()),
    )


@pytest.mark.parametrize("act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label)
def test_a_graph_interpreted_is_the_definition(act: Activation) -> None:
    definition = act.definition
    nodes = trace([definition.value, definition.slope], act.settings)
    with np.errstate(all="ignore"):
        for node, expression in zip(nodes, (definition.value, definition.slope), strict=True):
            found = interpret(node, X, act.settings)
            np.testing.assert_allclose(found, expression(X, *act.settings), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label)
def test_every_entry_compiles_with_its_settings_left_open(act: Activation) -> None:
    assert act.compiled is not None
    assert act.compiled._traced.graph.only is None


def test_equal_parts_are_one_node_and_operands_come_first() -> None:
    graph = Graph((2.0,))
    one, two = graph.x * 2.0 + 1.0, graph.x * 2.0 + 1.0
    assert one is two
    assert graph.constant(0.0) is not graph.constant(-0.0)
    for node in graph.nodes:
        assert all(operand.place < node.place for operand in node.operands)
    assert [node.place for node in graph.nodes] == list(range(len(graph.nodes)))
    assert graph.x in needed(one)


@pytest.mark.parametrize("power", [*range(-5, 9), 0.5, 1.5, -0.5, 2.5])
def test_powers(power: float) -> None:
    act = own(lambda x: x**power, lambda x: power * x ** (power - 1))()
    assert act.compiled is not None
    x = np.array([0.3, 1.0, 1.7, 2.5])
    np.testing.assert_allclose(act(x), x**power, rtol=1e-15)
    if float(power).is_integer():
        np.testing.assert_allclose(act(-x), (-x) ** power, rtol=1e-15)


def test_numbers_on_either_side_of_an_operator() -> None:
    act = own(
        lambda x: 2 - x + (3 / (x + 5)) * 2.0 - -x / 4 + 2.0 ** minimum(x, 1),
        lambda x: 0 * x,
    )()
    assert act.compiled is not None
    want = 2 - X + (3 / (X + 5)) * 2.0 - -X / 4 + 2.0 ** np.minimum(X, 1)
    np.testing.assert_allclose(act(X), want, rtol=1e-15)


def branching(x: Any, a: Any) -> Any:
    """Three forms, chosen by the parameter."""
    if a == 0:
        return 1 * x
    if abs(a) > 2:
        return a * tanh(x)
    return (exp(a * x) - 1) / a


def branching_numbers(a: float) -> Any:
    with np.errstate(all="ignore"):
        return X if a == 0 else a * np.tanh(X) if abs(a) > 2 else (np.exp(a * X) - 1) / a


@pytest.mark.parametrize("first", [0.0, 3.0, 1.0, -0.5])
def test_a_definition_that_branches_on_a_parameter_has_a_graph_for_each_branch(
    first: float,
) -> None:
    entry = own(branching, lambda x, a: 0 * branching(x, a), a=1.0)
    for a in (first, 0.0, -0.0, 1.0, 2.0, 2.1, -2.0, -7.0, 0.5, 0.0):
        act = entry(a=a)
        assert act.compiled is not None
        assert act.compiled._traced.graph.only is None
        np.testing.assert_allclose(act(X), branching_numbers(a), rtol=1e-13, atol=1e-15)


def test_branches_of_every_kind_follow_their_own_settings() -> None:
    def value(x: Any, a: Any, b: Any) -> Any:
        low, high = min(a, b), max(a, b)  # compares
        scale = 1.0 if a else 5.0  # is it zero?
        if not low < 0 <= high and (a != b or a >= 4):
            scale = scale + high
        return scale * maximum(minimum(x, high), low)

    entry = own(value, lambda x, a, b: 0 * value(x, a, b), a=-1.0, b=1.0)
    for a, b in [(-1, 1), (1, -1), (0, 1), (1, 2), (2, 1), (3, 3), (4, 4), (-2, -1), (0, 0)]:
        want = value(X, float(a), float(b))
        np.testing.assert_allclose(entry(a=a, b=b)(X), want, rtol=1e-15)


def test_a_choice_by_where_with_a_parameter_is_made_at_once() -> None:
    entry = own(lambda x, a: where(a > 0, x * a, -x), lambda x, a: where(a > 0, a, -1) + 0 * x, a=1)
    for a in (1.0, -1.0, 2.0, 0.0):
        np.testing.assert_array_equal(entry(a=a)(X), X * a if a > 0 else -X)


def test_a_definition_that_hands_parameters_to_math_is_compiled_for_each_setting() -> None:
    entry = own(
        lambda x, a: math.sqrt(a) * tanh(x) + math.floor(a),
        lambda x, a: math.sqrt(a) * (1 - tanh(x) ** 2),
        a=2.0,
    )
    for a in (2.0, 9.0, 0.25, 2.0):
        act = entry(a=a)
        assert act.compiled is not None
        np.testing.assert_allclose(act(X), math.sqrt(a) * np.tanh(X) + math.floor(a), rtol=1e-15)
        np.testing.assert_allclose(act.slope(X), math.sqrt(a) / np.cosh(X) ** 2, rtol=1e-14)


@dataclass
class Scaled:
    """A callable without a hash."""

    factor: float

    def __call__(self, x: Any) -> Any:
        return self.factor * x


def by_index(x: Any) -> Any:
    made = np.array(x, dtype=float)
    made[made < 0] = 0
    return made


def by_loop(x: Any) -> Any:
    return np.array([math.atan(t) for t in np.ravel(x)]).reshape(np.shape(x))


RAW: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    (lambda x: np.where(x > 0, x, 0), lambda x: np.where(x > 0, 1.0, 0)),
    (lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0)),
    (special.expit, lambda x: special.expit(x) * special.expit(-x)),
    (lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0),
    (by_index, lambda x: np.where(x < 0, 0.0, 1.0)),
    (by_loop, lambda x: 1 / (1 + x * x)),
    (lambda x: np.piecewise(x, [x < 0], [0, 1]), lambda x: 0 * x),
    (lambda x: x / max(1.0, np.size(x) / np.size(x)), lambda x: 1 + 0 * np.sin(x)),
    (Scaled(3.0), lambda x: 3 + 0 * x),
    (tanh, Scaled(2.0)),
]


@pytest.mark.parametrize(("value", "slope"), RAW)
def test_definitions_that_cannot_be_compiled_still_work(value: Any, slope: Any) -> None:
    act = own(value, slope)()
    assert act.compiled is None
    for dtype in (np.float64, np.float32, np.float16):
        for expression, function in ((value, act), (slope, act.slope)):
            found = function(X.astype(dtype))
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, np.asarray(expression(X)).astype(dtype))
    both = act.value_and_slope(X)
    np.testing.assert_array_equal(both[0], act(X))
    np.testing.assert_array_equal(both[1], act.slope(X))
    out = np.empty(6)
    assert act(X, out=out) is out
    assert np.shape(act(0.5)) == ()


def test_a_definition_over_tensors_alone_has_right_second_derivatives() -> None:
    def sigmoid(x: Any) -> Any:
        return x.sigmoid() if is_tensor(x) else special.expit(x)

    act = own(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)))()
    assert act.compiled is None
    x = torch.tensor(X, requires_grad=True)
    (first,) = torch.autograd.grad(act(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    (by_slope,) = torch.autograd.grad(act.slope(x).sum(), x)
    s = special.expit(X)
    np.testing.assert_allclose(first.detach().numpy(), s * (1 - s), rtol=1e-14)
    np.testing.assert_allclose(second.numpy(), s * (1 - s) * (1 - 2 * s), rtol=1e-13)
    np.testing.assert_allclose(by_slope.numpy(), second.numpy(), rtol=1e-13)


def test_a_constant_and_the_input_itself() -> None:
    act = own(lambda x: 5.0, lambda x: 0.0)()
    np.testing.assert_array_equal(act(X), np.full(6, 5.0))
    np.testing.assert_array_equal(act.slope(X), np.zeros(6))
    act = own(lambda x: x, lambda x: 1)()
    np.testing.assert_array_equal(act(X), X)
    np.testing.assert_array_equal(act.slope(X.astype(np.float16)), np.ones(6, np.float16))


def test_a_comparison_as_a_result_counts_as_0_or_1() -> None:
    act = own(lambda x: (x > 0) & (x <= 0.5) | (x < -2), lambda x: 0 * x)()
    np.testing.assert_array_equal(act(X), (X > 0) & (X <= 0.5) | (X < -2))


def test_an_expression_that_is_too_long_is_evaluated_as_written() -> None:
    def long(x: Any) -> Any:
        total = 0 * x
        for k in range(1, 120):
            total = total + tanh(x * k) / k
        return total

    act = own(long, lambda x: 0 * x)()
    assert act.compiled is None
    np.testing.assert_allclose(act(X), long(X), rtol=1e-15)


def test_the_way_an_expression_takes_may_not_depend_on_the_input() -> None:
    graph = Graph()
    with pytest.raises(TypeError, match="may not depend on x; use where"):
        bool(graph.x > 0)
    assert compiled(lambda x: x if x > 0 else 0 * x, lambda x: 1 + 0 * x, ()) is None


def test_kernels_are_made_once_for_a_definition_and_its_settings() -> None:
    entry = own(lambda x, a: a * expm1(x), lambda x, a: a * exp(x), a=1.0)
    assert entry().compiled is entry().compiled
    one, two = entry(a=2.0).compiled, entry(a=3.0).compiled
    assert one is not two
    assert one is not None
    assert two is not None
    assert one._traced is two._traced
    assert isinstance(one._traced.graph.x, Node)
