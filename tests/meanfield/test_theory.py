"""Length and correlation maps, the edge of chaos, and what :func:`ogive.theory` makes of them."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from planted import off, steeper
from scipy import integrate

import ogive
from ogive.errors import OgiveError, UnknownName
from ogive.functions import Activation, get, registry
from ogive.functions.activation import Definition
from ogive.meanfield.correlations import correlation_map
from ogive.meanfield.edge import critical, edge
from ogive.meanfield.lengths import at_length, destination, fixed_lengths, lengths
from ogive.meanfield.theory import theory

ELEMENTWISE = [e for e in registry.entries() if isinstance(e, Definition)]


def normal_mean(function: object, q: float) -> float:
    """E function(sqrt(q) z) by scipy, which knows nothing of this package."""
    s = math.sqrt(q)
    found = integrate.quad(
        lambda z: function(s * z) * math.exp(-z * z / 2),  # type: ignore[operator]
        -12, 12, epsabs=1e-13, epsrel=1e-12, limit=400, points=[0],
    )  # fmt: skip
    return float(found[0]) / math.sqrt(2 * math.pi)


def check_edge_of_tanh(act: Activation) -> None:
    for sigma_b in (0.05, 0.3, 1.0):
        point = critical(act, sigma_b)
        assert point.stable
        assert point.length is not None
        weights, q = point.sigma_w**2, point.length
        kept = weights * normal_mean(lambda x: math.tanh(x) ** 2, q) + sigma_b**2
        chi = weights * normal_mean(lambda x: (1 - math.tanh(x) ** 2) ** 2, q)
        assert kept == pytest.approx(q, rel=1e-9)
        assert chi == pytest.approx(1, rel=1e-9)


def test_the_edge_of_tanh_against_independent_integrals() -> None:
    check_edge_of_tanh(get("tanh"))
    point = critical(get("tanh"))
    assert (point.sigma_w, point.sigma_b, point.length) == pytest.approx((1, 0, 0))


def test_that_check_catches_planted_errors() -> None:
    for wrong in (off(get("tanh")), steeper(get("tanh")), get("erf")):
        with pytest.raises(AssertionError):
            check_edge_of_tanh(wrong)


def test_the_edge_of_relu_is_a_point() -> None:
    assert critical(get("relu")).sigma_w == pytest.approx(math.sqrt(2), abs=1e-12)
    curve = edge(get("leaky_relu:negative_slope=0.5"))
    assert curve.sigma_w.tolist() == pytest.approx([1.25**-0.5 * math.sqrt(2)])
    assert curve.sigma_b.tolist() == [0]
    with pytest.raises(OgiveError, match=r"at sigma_b = 0.1: biases make .* sigma_w = 1.41421"):
        critical(get("relu"), 0.1)


def test_gelu_is_critical_where_the_literature_has_it() -> None:
    """Roberts, Yaida, Hanin 2022, section 5.3.4: there the length map has slope 1 too."""
    q = (3 + math.sqrt(17)) / 2
    second, growth, slopes = at_length(get("gelu"), q)
    assert growth == pytest.approx(slopes, rel=1e-10)
    assert 1 / slopes == pytest.approx(1.98305826, abs=1e-8)
    assert q - second / slopes > 0
    assert not critical(get("gelu")).stable


def test_the_edge_is_one_curve_however_it_is_asked_for() -> None:
    act = get("elu")
    curve = edge(act, 1.0, 50)
    for i in range(5, len(curve.length), 9):
        point = critical(act, float(curve.sigma_b[i]))
        assert point.sigma_w == pytest.approx(float(curve.sigma_w[i]), rel=1e-7)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sign", "it jumps, so that inputs beside each other part"),
        ("softplus", "no weights and biases keep both its length and its slopes"),
        ("square", "its edge of chaos runs from sigma_b = "),
    ],
)
def test_no_critical_point_is_said(name: str, said: str) -> None:
    with pytest.raises(OgiveError, match=said):
        critical(get(name))
    with pytest.raises(OgiveError, match="sigma_b is -1; give a number from 0"):
        critical(get("tanh"), -1.0)


def test_every_fixed_length_is_found() -> None:
    short, long = fixed_lengths(get("exponential"), math.exp(-1), 0.0)
    assert long.length == 1
    assert long.slope == pytest.approx(2)
    assert short.length == pytest.approx(math.exp(2 * (short.length - 1)), rel=1e-12)
    assert (short.stable, long.stable) == (True, False)
    zero, one = fixed_lengths(get("selu"), 1.0, 0.0)
    assert (zero.length, one.length) == (0, 1)
    assert fixed_lengths(get("relu"), 1.5, 0.1) == ()
    (point,) = fixed_lengths(get("relu"), 1.0, 0.1)
    assert point.length == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b", "fate"),
    [
        ("relu", math.sqrt(2), 0.0, "kept"),
        ("relu", math.sqrt(2), 0.1, "grows"),
        ("relu", 1.5, 0.0, "grows"),
        ("relu", 1.0, 0.0, "fades"),
        ("relu", 1.0, 0.5, "settles"),
        ("tanh", 0.9, 0.0, "fades"),
        ("tanh", 3.0, 0.0, "settles"),
        ("exponential", 1.0, 0.0, "grows"),
        ("gaussian", 1.0, 0.1, "settles"),
        ("1/(1 + x**4)", 12.0, 0.0, "settles"),
        ("gcu", 1.5, 0.2, "settles"),
        ("square", 0.4, 0.0, "fades"),
    ],
)
def test_the_fate_of_a_length_is_that_of_the_iterated_map(
    name: str, sigma_w: float, sigma_b: float, fate: str
) -> None:
    act = get(name)
    found, point = destination(act, sigma_w, sigma_b, fixed_lengths(act, sigma_w, sigma_b))
    seen = [1.0]
    while len(seen) < 250 and 1e-7 < seen[-1] < 300:
        seen.append(sigma_w**2 * at_length(act, seen[-1])[0] + sigma_b**2)
    last = seen[-1]
    if last == pytest.approx(1, abs=1e-9) and fate != "settles":
        measured = "kept"
    else:
        measured = "fades" if last < 1e-6 else "grows" if last > seen[-2] + 1e-5 else "settles"
    assert found == measured == fate
    if fate == "settles":
        assert point is not None
        assert last == pytest.approx(point.length, rel=1e-6)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    found = theory("selu", 1.0)
    assert (found.mean, found.second_moment) == pytest.approx((0, 1), abs=1e-12)
    assert (found.length, found.fate, found.gain) == (1, "settles", pytest.approx(1))
    assert found.length_slope is not None
    assert found.length_slope < 1


def test_relu_at_he_scale_is_critical_and_its_map_is_the_arc_cosine() -> None:
    found = theory("relu", math.sqrt(2))
    assert found.chi == pytest.approx(1, abs=1e-12)
    assert (found.phase, found.correlation, found.trainable_depth) == ("critical", 1, math.inf)
    curve = correlation_map(get("relu"), 1.0, math.sqrt(2), 0.0)
    c = np.array([-0.5, 0.0, 0.5, 0.9, 0.99])
    angle = np.arccos(c)
    truth = (np.sin(angle) + (np.pi - angle) * c) / np.pi
    np.testing.assert_allclose(curve(c), truth, atol=1e-10)
    wrong = correlation_map(off(get("relu")), 1.0, math.sqrt(2), 0.0)
    assert np.abs(wrong(c) - truth).max() > 1e-9


def check_consistency(act: Activation) -> None:
    """V' is the derivative of V, and the record agrees with the maps it is made from."""
    found = theory(act)
    if found.length and found.fate == "settles":
        second, growth, slopes = at_length(act, found.length)
        step = 1e-4 * found.length
        ahead, behind = (at_length(act, found.length + d)[0] for d in (step, -step))
        assert growth == pytest.approx((ahead - behind) / (2 * step), rel=1e-7, abs=1e-8)
        assert found.sigma_w**2 * second + found.sigma_b**2 == pytest.approx(found.length)
        assert found.gradient_factor == pytest.approx(found.sigma_w**2 * slopes)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["label"] == act.label
    assert found.verdict.endswith(".")
    for point in found.fixed_correlations:
        assert point.stable == (abs(point.slope) < 1 or (found.chi or 9) < 1 + 1e-6)


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=lambda e: e.name)
def test_every_entry_has_a_theory(entry: Definition) -> None:
    check_consistency(entry())


def test_that_check_catches_planted_errors_too() -> None:
    with pytest.raises(AssertionError):
        check_consistency(steeper(get("tanh"), 1e-4))


def test_the_chaotic_phase_has_a_correlation_below_one() -> None:
    found = theory("tanh", 2.0, 0.3)
    assert found.phase == "chaotic"
    assert found.length is not None
    assert found.correlation is not None
    curve = correlation_map(get("tanh"), found.length, 2.0, 0.3)
    assert curve(np.array([found.correlation]))[0] == pytest.approx(found.correlation, abs=1e-9)
    c = 0.99
    for _ in range(200):
        c = float(curve(np.array([c]))[0])
    assert c == pytest.approx(found.correlation, abs=1e-6)
    scale = found.depth_scales.correlation
    assert scale == pytest.approx(-1 / math.log(curve.slope(found.correlation)))
    assert found.trainable_depth == pytest.approx(6 * scale)
    step = (curve(np.array([0.5 + 1e-5])) - curve(np.array([0.5 - 1e-5])))[0] / 2e-5
    assert curve.slope(0.5) == pytest.approx(step, rel=1e-7)


@pytest.mark.parametrize("name", ["tanh", "hard_tanh"])
@pytest.mark.parametrize("above", [-1e-3, -1e-9, 0.0, 1e-7, 1e-6, 1e-4])
def test_just_beside_the_edge_the_depth_grows_without_bound(name: str, above: float) -> None:
    point = critical(get(name), 0.3)
    found = theory(name, point.sigma_w * (1 + above), 0.3)
    assert found.chi is not None
    assert found.correlation is not None
    assert found.correlation == pytest.approx(1, abs=100 * abs(above) + 1e-9)
    assert found.trainable_depth is not None
    assert found.trainable_depth > 1 / (abs(above) + 1e-6)
    if abs(above) >= 1e-6:
        assert (found.chi > 1) == (above > 0)


def test_depth_scales_of_the_ordered_phase() -> None:
    found = theory("erf", 0.8, 0.4)
    q = found.length
    assert q is not None
    chi = 0.64 * 4 / math.pi / math.sqrt(1 + 4 * q)
    slope = 0.64 * (4 / math.pi) / ((1 + 2 * q) * math.sqrt(1 + 4 * q))
    assert (found.chi, found.length_slope) == (pytest.approx(chi), pytest.approx(slope))
    scales = found.depth_scales
    assert scales.gradient == scales.correlation == pytest.approx(-1 / math.log(chi))
    assert scales.length == pytest.approx(-1 / math.log(slope))


def test_a_jump_is_told_apart_from_a_slope() -> None:
    found = theory("sign")
    assert found.chi is None
    assert found.gradient_factor == 0
    assert found.trainable_depth is None
    assert found.fixed_correlations[-1].slope == math.inf
    assert "jumps" in found.notes[0]
    assert "infinite: the jump parts nearby inputs" in str(found)


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b", "said"),
    [
        ("relu", None, 0.0, "keeps every signal's variance"),
        ("relu", 2.0, 0.1, "grows without bound"),
        ("tanh", 0.5, 0.0, "fades to 0 from layer to layer"),
        ("tanh", 1.0, 0.0, "fades to 0, ever more slowly,"),
        ("gelu", None, 0.0, "(though not stably)"),
        ("exponential", 1.0, 0.0, "no depth scale exists"),
        ("sigmoid", 1.0, 0.5, "trainable to about 2 layers"),
        ("sigmoid", 0.1, 0.5, "trainable to about 1 layer."),
        ("identity", None, 0.0, "the gradient keeps its size"),
    ],
)
def test_the_verdict_in_plain_words(
    name: str, sigma_w: float | None, sigma_b: float, said: str
) -> None:
    assert said in theory(name, sigma_w, sigma_b).verdict


def test_what_cannot_be_integrated_far_out_is_said() -> None:
    found = theory("sine:frequency=100")
    assert lengths(found.function).known_to < 1e5
    assert "nothing is said of them" in found.notes[0]


def test_wrong_scales_and_functions() -> None:
    for wrong in (0.0, -1.0, math.nan, math.inf, 1e200):
        with pytest.raises(OgiveError, match="give a number from 1e-06 to 1e"):
            theory("tanh", wrong)
    with pytest.raises(OgiveError, match="sigma_b is -1; give a number from 0 to 1e"):
        theory("tanh", 1.0, -1.0)
    with pytest.raises(UnknownName, match="works along an axis"):
        theory("softmax")
    with pytest.raises(OgiveError, match="is 0 wherever a standard normal input may lie"):
        theory("0*x")
    with pytest.raises(OgiveError, match="not finite"):
        theory("exp(x**2)")


def test_the_record_shows_itself() -> None:
    found = ogive.theory("tanh", sigma_w=1.5, sigma_b=0.2)
    assert isinstance(found, ogive.Theory)
    table = found.table().set_index("quantity")["value"]
    assert table["gain"] == found.gain
    assert table["depth_scale_of_gradient"] == found.depth_scales.gradient
    page = found._repr_html_()
    assert found.verdict in page
    assert page.count("<tr>") == len(found.rows())
    assert "critical point" in str(found)
    assert found.critical(0.2) == found.critical_point
    assert pickle.loads(pickle.dumps(found)) == found
    assert max(map(len, str(found).splitlines())) <= 100
