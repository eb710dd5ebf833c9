"""Moments and pair moments against closed forms, at lengths from 1e-6 to 1e6."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from planted import off, steeper
from scipy import integrate

from ogive.errors import OgiveError
from ogive.functions import Activation, get
from ogive.meanfield.moments import moments
from ogive.meanfield.pairs import hermite, pair_moments, pair_values

PI = math.pi
LENGTHS = (1e-6, 1e-3, 0.3, 1.0, 7.0, 1e3, 1e6)
CORRELATIONS = (-1.0, -0.4, 0.0, 0.6, 0.9, 0.97, 0.9999, 1 - 1e-9, 1.0)
Forms = Callable[[float], tuple[float, float, float]]


def sine(frequency: float) -> Forms:
    def forms(q: float) -> tuple[float, float, float]:
        twice = -math.expm1(-2 * frequency**2 * q)  # 1 - E cos(2 w x)
        return 0.0, twice / 2, frequency**2 * (2 - twice) / 2

    return forms


def gelu(q: float) -> tuple[float, float, float]:
    """Roberts, Yaida, Hanin: The principles of deep learning theory, 2022, section 5.3.4."""
    angle, root = math.asin(q / (1 + q)), math.sqrt(1 + 2 * q)
    second = q / 4 + q / (2 * PI) * (angle + 2 * q / ((1 + q) * root))
    slopes = 1 / 4 + (angle + q * (3 + 5 * q) / ((1 + q) * root**3)) / (2 * PI)
    return q / math.sqrt(2 * PI * (1 + q)), second, slopes


# q -> E f, E f^2, E f'^2 under N(0, q); those of erf are Williams 1997.
FORMS: dict[str, Forms] = {
    "relu": lambda q: (math.sqrt(q / (2 * PI)), q / 2, 0.5),
    "leaky_relu:negative_slope=0.2": lambda q: (0.8 * math.sqrt(q / (2 * PI)), 0.52 * q, 0.52),
    "absolute": lambda q: (math.sqrt(2 * q / PI), q, 1.0),
    "square": lambda q: (q, 3 * q * q, 4 * q),
    "unit_step": lambda q: (0.5, 0.5, 0.0),
    "erf": lambda q: (
        0.0, 2 / PI * math.asin(2 * q / (1 + 2 * q)), 4 / PI / math.sqrt(1 + 4 * q)
    ),
    "normal_cdf": lambda q: (
        0.5, 0.25 + math.asin(q / (1 + q)) / (2 * PI), 1 / (2 * PI * math.sqrt(1 + 2 * q))
    ),
    "gaussian": lambda q: ((1 + 2 * q) ** -0.5, (1 + 4 * q) ** -0.5, 4 * q * (1 + 4 * q) ** -1.5),
    "gelu": gelu,
    "sine": sine(1.0),
    "sine:frequency=30": sine(30.0),
    "cosine": lambda q: (
        math.exp(-q / 2), (1 + math.exp(-2 * q)) / 2, -math.expm1(-2 * q) / 2
    ),
}  # fmt: skip


def check_forms(act: Activation, forms: Forms, lengths: tuple[float, ...] = LENGTHS) -> None:
    for q in lengths:
        found, (mean, second, slopes) = moments(act, 0.0, q), forms(q)
        size = math.sqrt(second)  # of the order of E|f|, for the odd ones too
        assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-10 * size)
        assert found.second == pytest.approx(second, rel=1e-9)
        assert found.slope_second == pytest.approx(slopes, rel=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_moments_meet_their_closed_forms(name: str) -> None:
    check_forms(get(name), FORMS[name])


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "cosine"])
def test_that_check_catches_planted_errors(name: str) -> None:
    with pytest.raises(AssertionError):
        check_forms(off(get(name)), FORMS[name], (1.0,))
    with pytest.raises(AssertionError):
        check_forms(steeper(get(name)), FORMS[name], (1.0,))


def test_the_exponential_up_to_the_largest_float() -> None:
    for q in (1e-6, 1.0, 50.0, 170.0):
        found = moments("exponential", 0.5, q)
        assert found.mean == pytest.approx(math.exp(0.5 + q / 2), rel=1e-11)
        assert found.second == pytest.approx(math.exp(1 + 2 * q), rel=1e-11)
        assert found.cross == pytest.approx(math.exp(1 + 2 * q), rel=1e-11)
    with pytest.raises(OgiveError, match="is not finite in 64-bit numbers"):
        moments("exponential", 0.0, 400.0)


@pytest.mark.parametrize(("mean", "q"), [(3.0, 1.0), (-7.0, 1.0), (1e3, 1e-3), (-0.2, 1e5)])
def test_means_away_from_zero(mean: float, q: float) -> None:
    s = math.sqrt(q)
    density = math.exp(-0.5 * (mean / s) ** 2) / math.sqrt(2 * PI)
    below = 0.5 * math.erfc(-mean / s / math.sqrt(2))
    relu = moments("relu", mean, q)
    assert relu.mean == pytest.approx(mean * below + s * density, rel=1e-9)
    assert relu.second == pytest.approx((mean**2 + q) * below + mean * s * density, rel=1e-9)
    assert relu.slope_second == pytest.approx(below, rel=1e-9)
    assert relu.cross == pytest.approx(relu.mean, rel=1e-12)
    wave = moments("sine:frequency=2", mean, q)
    assert wave.mean == pytest.approx(math.sin(2 * mean) * math.exp(-2 * q), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "mean", "q"),
    [("dyt:alpha=1000", 0.0, 1.0), ("dyt:alpha=1000", 0.2, 1e4), ("softplus:beta=1000", -0.3, 0.1)],
)
def test_steep_functions_agree_with_mpmath(name: str, mean: float, q: float) -> None:
    act = get(name)

    def value(x: mpmath.mpf) -> mpmath.mpf:
        if name.startswith("dyt"):
            return mpmath.tanh(1000 * x)
        return mpmath.log1p(mpmath.exp(1000 * x)) / 1000

    with mpmath.workdps(20):
        s = mpmath.sqrt(q)
        near = [mpmath.mpf(k) / 1000 for k in (-60, -20, -8, -3, 0, 3, 8, 20, 60)]
        cuts = sorted([*near, *(mean + s * k for k in (-10, -6, -3, 0, 3, 6, 10))])
        second = mpmath.quad(lambda x: value(x) ** 2 * mpmath.npdf(x, mean, s), cuts)
    assert moments(act, mean, q).second == pytest.approx(float(second), rel=1e-10)
    assert moments(off(act), mean, q).second != pytest.approx(float(second), rel=1e-10)


# correlation, q -> E f(u) f(v) and E f'(u) f'(v).
Pairs = Callable[[float, float], tuple[float, float]]


def arc_cosine(c: float, q: float) -> tuple[float, float]:
    """Cho, Saul: Kernel methods for deep learning, 2009, degrees 1 and 0."""
    angle = math.acos(c)
    return q * (math.sin(angle) + (PI - angle) * c) / (2 * PI), (PI - angle) / (2 * PI)


def leaky(c: float, q: float) -> tuple[float, float]:
    """From the ReLU's: f(x) = relu(x) - 0.2 relu(-x)."""
    (same, same_slope), (other, other_slope) = arc_cosine(c, q), arc_cosine(-c, q)
    return 1.04 * same - 0.4 * other, 1.04 * same_slope + 0.4 * other_slope


def williams(c: float, q: float) -> tuple[float, float]:
    """Williams: Computing with infinite networks, 1997; the slope is its derivative."""
    value = 2 / PI * math.asin(2 * q * c / (1 + 2 * q))
    return value, 4 / PI / math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2)


def sign(c: float, q: float) -> tuple[float, float]:
    """Sheppard 1899; its derivative is that of two point masses."""
    slope = 2 / (PI * q * math.sqrt((1 - c) * (1 + c))) if abs(c) < 1 else math.inf
    return 2 / PI * math.asin(c), slope


PAIRS: dict[str, Pairs] = {
    "relu": arc_cosine,
    "leaky_relu:negative_slope=0.2": leaky,
    "erf": williams,
    "sign": sign,
    "sine": lambda c, q: (math.exp(-q) * math.sinh(q * c), math.exp(-q) * math.cosh(q * c)),
    "cosine": lambda c, q: (math.exp(-q) * math.cosh(q * c), math.exp(-q) * math.sinh(q * c)),
    "exponential": lambda c, q: (math.exp(q * (1 + c)), math.exp(q * (1 + c))),
    "square": lambda c, q: (q * q * (1 + 2 * c * c), 4 * q * c),
}


def check_pairs(act: Activation, forms: Pairs, q: float) -> None:
    top, steep = forms(1.0, q)
    steep = 1.0 if math.isinf(steep) else steep
    for c in CORRELATIONS:
        found, (value, slope) = pair_moments(act, c, 0.0, q), forms(c, q)
        assert found.value == pytest.approx(value, rel=1e-9, abs=1e-10 * top)
        # 1 - c of a correlation this close to 1 is itself rounded.
        assert found.slope == pytest.approx(slope, rel=1e-7, abs=1e-10 * steep)
    several = pair_values(act, np.array(CORRELATIONS[1:5]), q)
    np.testing.assert_allclose(
        several, [forms(c, q)[0] for c in CORRELATIONS[1:5]], atol=1e-9 * top
    )


SHORT = [(name, 0.01) for name in ("erf", "sign", "sine", "exponential")]


@pytest.mark.parametrize(("name", "q"), [*((name, 4.0) for name in PAIRS), *SHORT])
def test_pairs_meet_their_closed_forms(name: str, q: float) -> None:
    check_pairs(get(name), PAIRS[name], q)


def test_that_check_of_pairs_catches_planted_errors() -> None:
    with pytest.raises(AssertionError):
        check_pairs(off(get("erf")), williams, 1.0)
    with pytest.raises(AssertionError):
        check_pairs(get("leaky_relu:negative_slope=0.2001"), leaky, 1.0)


def test_fast_waves_and_steep_steps_beside_a_correlation_of_one() -> None:
    for c in (0.9, 0.999):
        found = pair_moments("sine:frequency=30", c)
        assert found.value == pytest.approx(0.5 * math.exp(-900 * (1 - c)), abs=1e-11)
    steep, exact = get("erf"), 1e6  # u of variance 1e6 makes a step of it
    assert pair_moments(steep, 1 - 1e-7, 0.0, exact).value == pytest.approx(
        williams(1 - 1e-7, exact)[0], abs=1e-11
    )


def test_pairs_agree_with_an_integral_in_the_plane() -> None:
    act, c, mean, q = get("silu"), 0.7, 0.4, 1.5
    s, r = math.sqrt(q), math.sqrt(1 - c * c)

    def integrand(a: float, b: float) -> float:
        u, v = mean + s * a, mean + s * (c * a + r * b)
        both = u / (1 + math.exp(-u)) * v / (1 + math.exp(-v))
        return both * math.exp(-(a * a + b * b) / 2) / (2 * PI)

    truth = integrate.dblquad(integrand, -9, 9, -9, 9, epsabs=1e-10)[0]
    assert pair_moments(act, c, mean, q).value == pytest.approx(truth, abs=1e-9)
    assert pair_moments(off(act, 1e-6), c, mean, q).value != pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize("name", ["hard_swish", "relu6", "hard_elish", "smelu"])
def test_pairs_beside_a_correlation_of_one_come_near_the_second_moment(name: str) -> None:
    found = moments(name)
    for distance in (1e-5, 1e-9):
        value = pair_moments(name, 1 - distance).value
        # By the slope at 1, which is E f'^2: the map is convex below it.
        assert value == pytest.approx(
            found.second - distance * found.slope_second, abs=1e-2 * distance + 1e-13
        )


def test_the_series_bounds_what_it_leaves_out() -> None:
    series = hermite(get("relu"))
    for c in (0.5, 0.9, 0.97, 0.995):
        value, left_out = (float(part[0]) for part in series.value(np.array([c])))
        error = abs(value - arc_cosine(c, 1.0)[0])
        assert error <= left_out + 1e-15
        slope, left_out = (float(part[0]) for part in series.slope(np.array([c])))
        assert abs(slope - arc_cosine(c, 1.0)[1]) <= left_out + 1e-12
    assert series.rest > 1e-7  # so that the bound is one


def test_no_such_pair() -> None:
    for c, q in [(1.5, 1.0), (0.5, 0.0), (math.nan, 1.0)]:
        with pytest.raises(OgiveError, match="give a correlation from -1 to 1"):
            pair_moments("relu", c, 0.0, q)
