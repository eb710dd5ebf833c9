"""Gaussian moments and gains against closed forms, and their refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest

import oracles
from ogive.errors import OgiveError
from ogive.functions import Activation, Facts, define, get, registry
from ogive.functions.activation import Definition, Source
from ogive.meanfield.expectation import gaussian_mean
from ogive.meanfield.gains import gain, gradient_gain
from ogive.meanfield.moments import moments

ELEMENTWISE = [e for e in registry.entries() if isinstance(e, Definition)]


def below(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def elu_mean(alpha: float) -> float:
    return 1 / math.sqrt(2 * math.pi) + alpha * (math.exp(0.5) * below(-1) - 0.5)


def elu_second(alpha: float) -> float:
    return 0.5 + alpha**2 * (math.exp(2) * below(-2) - 2 * math.exp(0.5) * below(-1) + 0.5)


def test_closed_forms() -> None:
    relu = moments(get("relu"))
    assert relu.mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-14)
    assert relu.second == pytest.approx(0.5, abs=1e-14)
    assert relu.slope_second == pytest.approx(0.5, abs=1e-14)
    assert relu.variance == pytest.approx(0.5 - 1 / (2 * math.pi), abs=1e-14)
    for alpha in (0.0, 0.3, 1.0, 2.5):
        elu = moments(get("elu", alpha=alpha))
        assert elu.mean == pytest.approx(elu_mean(alpha), abs=1e-13)
        assert elu.second == pytest.approx(elu_second(alpha), abs=1e-13)
    for slope in (0.01, 0.2, 1.0):
        leaky = moments(get("leaky_relu", negative_slope=slope))
        assert leaky.second == pytest.approx((1 + slope**2) / 2, abs=1e-13)
    assert moments(get("gelu")).mean == pytest.approx(1 / (2 * math.sqrt(math.pi)), abs=1e-13)
    clipped = 1 - 2 * math.exp(-0.5) / math.sqrt(2 * math.pi)
    assert moments(get("hard_tanh")).second == pytest.approx(clipped, abs=1e-13)
    assert moments(get("hard_tanh")).slope_second == pytest.approx(1 - 2 * below(-1), abs=1e-13)
    assert moments(get("unit_step")).mean == pytest.approx(0.5, abs=1e-14)
    assert elu_mean(1.0) == pytest.approx(0.1605, abs=5e-5)


@pytest.mark.parametrize("name", ["identity", "sign", "hard_tanh", "tanh", "softsign"])
def test_odd_functions_have_mean_zero(name: str) -> None:
    assert moments(get(name)).mean == pytest.approx(0, abs=1e-14)


def test_selu_is_its_own_fixed_point() -> None:
    selu = moments(get("selu"))
    assert selu.mean == pytest.approx(0, abs=1e-13)
    assert selu.second == pytest.approx(1, abs=1e-13)
    assert gain(get("selu")) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("name", ["sigmoid", "mish", "softplus", "silu"])
def test_moments_agree_with_mpmath(name: str) -> None:
    act = get(name)

    def mean(power: int) -> float:
        with mpmath.workdps(20):
            integral = mpmath.quad(
                lambda z: oracles.true_value(act, z) ** power * mpmath.npdf(z), range(-12, 13, 3)
            )
        return float(integral)

    assert moments(act).mean == pytest.approx(mean(1), abs=1e-11)
    assert moments(act).second == pytest.approx(mean(2), abs=1e-11)


@pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)
def test_every_variant_has_moments_and_a_gain(act: Activation) -> None:
    found = moments(act)
    assert found.second >= found.mean**2 - 1e-12
    assert found.slope_second <= act.facts.lipschitz**2 * (1 + 1e-9)
    if found.second == 0:  # flat, or underflowing, wherever a normal number may lie
        assert any(abs(setting) == 1e6 for setting in act.settings)
        with pytest.raises(OgiveError, match="is 0 wherever a standard normal input may lie"):
            gain(act)
    else:
        assert gain(act) == 1 / math.sqrt(found.second)


def test_gains() -> None:
    assert gain(get("identity")) == pytest.approx(1)
    assert gain(get("relu")) == pytest.approx(math.sqrt(2))


def test_the_gain_keeps_the_variance_in_a_measured_layer() -> None:
    rng = np.random.default_rng(1)
    width = 1500
    for name in ("relu", "tanh", "gelu"):
        act = get(name)
        weights = rng.normal(size=(width, width)) * gain(act) / math.sqrt(width)
        after = weights @ act(rng.normal(size=(width, 200)))
        assert after.var() == pytest.approx(1, abs=0.05)


def own(value: object, **facts: object) -> Activation:
    claimed = replace(get("identity").facts, **facts)

    def entry_facts() -> Facts:
        return claimed

    return Definition(
        name="own",
        formula="own",
        value=value,  # type: ignore[arg-type]
        slope=lambda x: 0 * x,
        facts=entry_facts,
        source=Source("a test"),
    )()


def test_a_function_that_is_zero_has_no_gain() -> None:
    with pytest.raises(OgiveError, match="own is 0 wherever a standard normal input may lie"):
        gain(own(lambda x: 0 * x))


@pytest.mark.parametrize(
    "value",
    [lambda x: np.exp(x * x / 4), lambda x: np.exp(x * x), lambda x: np.where(x > 1, np.nan, x)],
    ids=["second moment infinite", "mean infinite", "not a number"],
)
def test_moments_that_are_not_finite_are_refused(value: object) -> None:
    with pytest.raises(OgiveError, match="of own is not finite"):
        moments(own(value))


def test_an_integral_that_does_not_converge_is_refused() -> None:
    with pytest.raises(OgiveError, match=r"did not converge.*oscillates too fast or is noisy"):
        gaussian_mean(lambda z: 1 / np.abs(z))
    assert gaussian_mean(lambda z: 1 + 1e-6 * np.sin(1e2 * z)) == pytest.approx(1, abs=1e-12)
    with pytest.raises(OgiveError, match=r"squared slope of .* did not converge; it may be inf"):
        moments(get("sqrt(abs(x))"))
    assert gain(get("sqrt(abs(x))")) == pytest.approx((2 / math.pi) ** -0.25)


def test_a_jump_that_is_not_declared_is_found_by_halving() -> None:
    truth = 1 - 2 * below(1 / 3)
    assert gaussian_mean(lambda z: np.sign(z - 1 / 3)) == pytest.approx(truth, abs=1e-10)
    assert gaussian_mean(lambda z: np.sign(z - 1 / 3), kinks=(1 / 3,)) == pytest.approx(truth)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, -1.0), (math.inf, 1.0), (0.0, math.nan)])
def test_no_gaussian_no_moments(mean: float, variance: float) -> None:
    with pytest.raises(OgiveError, match="give a finite mean and a finite variance of at least 0"):
        moments("tanh", mean, variance)


def test_variance_zero_is_the_function_itself() -> None:
    found = moments("exponential", 2.0, 0.0)
    assert (found.mean, found.second) == pytest.approx((math.exp(2), math.exp(4)))
    assert found.cross == pytest.approx(math.exp(4))


def test_a_corner_far_out_in_the_tail_is_no_failure() -> None:
    """Where the density underflows the means do too, and are neither noisy nor infinite."""
    for mean in np.arange(-52.0, -30.0, 0.37):
        found = moments("relu", float(mean), 1.0)
        tail = math.exp(-0.5 * mean**2) / math.sqrt(2 * math.pi) / mean**2
        # From 1/x^2 times the density, the first term of a series in 1/x^2.
        assert found.mean == pytest.approx(tail, rel=4 / mean**2, abs=1e-290)


def test_a_formula_defined_anew_has_new_moments() -> None:
    define("anew", "x")
    assert moments("anew").second == pytest.approx(1)
    define("anew", "2*x")
    assert moments("anew").second == pytest.approx(4)


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=lambda e: e.name)
def test_every_entry_has_moments_far_out_or_says_why_not(entry: Definition) -> None:
    """At lengths from 1e-6 to 1e6, and far from 0: within the inequalities, or one sentence."""
    act = entry()
    for mean, variance in [(0.0, 1e-6), (0.0, 1e6), (-50.0, 3.0), (2.0, 0.01)]:
        if entry.name == "exponential" and variance == 1e6:
            with pytest.raises(OgiveError, match="is not finite in 64-bit numbers"):
                moments(act, mean, variance)
            continue
        found = moments(act, mean, variance)
        assert found.mean**2 <= found.second * (1 + 1e-9)
        assert found.cross**2 <= found.second * found.slope_second * (1 + 1e-9)
        assert math.sqrt(found.slope_second) <= act.facts.lipschitz * (1 + 1e-9)


def test_gradient_gains() -> None:
    assert gradient_gain("relu") == pytest.approx(math.sqrt(2))
    assert gradient_gain(get("erf")) == pytest.approx((4 / math.pi / math.sqrt(5)) ** -0.5)
    with pytest.raises(OgiveError, match="the slope of sign is 0 wherever"):
        gradient_gain("sign")
