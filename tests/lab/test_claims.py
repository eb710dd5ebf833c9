"""The claims about learning: measured as they say, on few seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ogive
import torch
from ogive.lab import claims, first_figures, second_figures
from ogive.lab.evidence import HOLDS
from ogive.lab.pictures import Picture
from ogive.study.network import Shape, draw_weights
from ogive.study.splits import generator

SMALL = claims.Setting(seeds=2, epochs=2, depth=2, width=16)


def test_the_gradient_by_layer_is_that_of_autograd() -> None:
    found = claims.by_layer("tanh", 2)
    shape = Shape(claims.WIDE, claims.WIDE, claims.DEEP, 1)
    drawn = draw_weights(shape, ogive.gain("tanh"), claims.WIDE, 0.0, generator("lab", "layers", 1))
    weights = [torch.from_numpy(w).double() for w in drawn]
    x = torch.from_numpy(
        generator("lab", "inputs", 1).standard_normal((claims.SAMPLES, claims.WIDE))
    )
    nets = []
    for i in range(0, 2 * claims.DEEP, 2):
        nets.append((x @ weights[i]).requires_grad_())
        nets[-1].retain_grad()
        x = torch.tanh(nets[-1])
    (x @ weights[-2]).sum().backward()
    norms = [float(net.grad.norm()) for net in nets if net.grad is not None]
    np.testing.assert_allclose(found.gradient[1], norms, rtol=1e-10)


def test_s4_the_gradient_vanishes_as_theory_says() -> None:
    claim = claims.vanishing(4)
    assert claim.outcomes == (HOLDS,)
    assert claim.estimates[0].mean == pytest.approx(claims.predicted_factor("sigmoid"), rel=0.05)
    assert claim.estimates[2].mean == pytest.approx(1, rel=0.05)  # ReLU keeps it


def test_s8_the_mean_shift_of_elu_is_smaller() -> None:
    assert claims.mean_shift(4).outcomes == (HOLDS,)
    assert claims.by_layer("relu", 4).mean[:, 0].mean() == pytest.approx(0.3989, abs=0.02)
    assert abs(claims.by_layer("tanh", 4).mean).mean() < 0.02


def test_relu_less_its_mean_has_the_same_slope_and_no_mean() -> None:
    centred = ogive.get(claims.CENTRED)
    x = np.array([-2.0, -0.1, 0.1, 3.0])
    np.testing.assert_array_equal(centred.slope(x), ogive.get("relu").slope(x))
    assert ogive.moments(centred).mean == pytest.approx(0, abs=1e-12)


def test_s10_candidates_share_rows_and_draws() -> None:
    claim = claims.speed(SMALL)
    assert [e.label for e in claim.estimates] == list(claims.RIVALS)
    assert [d.label for d in claim.differences] == [f"elu − {n}" for n in claims.RIVALS[1:]]
    assert all(math.isfinite(d.low) and d.count == 2 for d in claim.differences)
    assert claims.folds(4) is claims.folds(4)
    race = claims.race("elu", SMALL)
    assert race.curves.shape == (2, 4)
    assert race.accuracy.shape == (2, len(claims.NOISES))
    assert (race.accuracy[:, 0] > 0.5).all()
    assert (race.accuracy[:, 0] > race.accuracy[:, -1]).all()
    assert claims.robustness(SMALL).expected == "above 0"
    assert claims.centring(SMALL).differences[0].label == "ReLU less its mean − ReLU"


def test_what_is_not_reached_counts_as_all_epochs() -> None:
    at, curve = np.array([1.0, 2.0, 3.0]), np.array([4.0, 2.0, 1.0])
    assert claims.reached(at, curve, 2.0) == 2.0
    assert claims.reached(at, curve, math.sqrt(2)) == pytest.approx(2.5)
    assert math.isnan(claims.reached(at, curve, 0.5))
    race = claims.Race("f", 0.1, np.zeros((1, 1)), at, curve[None])
    assert race.epochs(0.5) == [3.0]
    assert (race.missed(0.5), race.missed(2.0)) == (1, 0)


def test_c2_outputs_near_0_learn_slowly() -> None:
    assert claims.near_zero(8).outcomes == (HOLDS,)
    losses = claims.descent(0.0, 8)
    assert (losses[:, -1] < losses[:, 0]).all()


def curve_of(picture: Picture, panel: int, label: str) -> tuple[np.ndarray, np.ndarray]:
    """The line called so in a panel."""
    curves = {c.label: c for c in picture.panels[panel].curves}
    return curves[label].x, curves[label].y


def test_s1_the_first_figure_has_100_points_and_labelled_axes() -> None:
    panel = first_figures.input_data().panels[0]
    assert len(panel.curves[0].x) == len(panel.curves[0].y) == 100
    assert (panel.title, panel.across, panel.up) == ("input data", "X", "Y")


def test_s2_the_offset_marks_one_half() -> None:
    assert first_figures.with_offset(2.0).panels[0].marks == ((2.0, 0.5, "0.5 at 2"),)


def test_s4_the_output_units_slope_cancels() -> None:
    picture = first_figures.output_unit()
    assert curve_of(picture, 0, "cross-entropy: σ − y")[1][-1] == pytest.approx(1)
    assert curve_of(picture, 0, "squared error: 2(σ − y)σ'")[1][-1] < 1e-9


def test_s5_the_figure_goes_on_to_where_the_gradient_vanishes() -> None:
    x, slope = curve_of(first_figures.sum_beyond(), 1, "sum / 10")
    assert x[-1] == 25
    assert slope[-1] < 1e-3
    assert slope[x < 9.8][-1] > 0.5
    assert len(first_figures.sum_and_parts().panels[0].curves) == 11


def test_s9_the_bound_is_that_of_alpha() -> None:
    picture = first_figures.elu_family(0.5)
    assert picture.panels[0].level == -0.5
    assert curve_of(picture, 0, "alpha 0.5")[1][0] == pytest.approx(-0.5, abs=1e-4)


def test_c4_softmax_as_written_ends_at_the_overflow() -> None:
    x, written = curve_of(second_figures.softmax_overflow(), 0, "as written")
    _, kept = curve_of(second_figures.softmax_overflow(), 0, "maximum subtracted")
    assert np.isnan(written).any()
    assert np.isfinite(kept).all()
    assert x[np.isnan(written)].min() == pytest.approx(710, abs=2)
    sums = second_figures.softmax_axes().panels[0].curves
    np.testing.assert_allclose(sums[0].y, 1)
    assert abs(sums[1].y - 1).max() > 0.1


def test_c5_near_0_no_digit_of_the_identity_is_left() -> None:
    picture = second_figures.identity_error()
    assert picture.panels[1].curves[0].y[0] == pytest.approx(0)
    assert picture.panels[0].curves[0].y.max() <= 3.4e-16


def test_c6_slopes_from_the_input_go_on() -> None:
    for panel in second_figures.kept_slopes().panels:
        kept, lost = panel.curves
        assert (kept.y > 0).all()
        assert np.isnan(lost.y[-1])


def test_c8_the_table_has_the_usual_seven() -> None:
    titles = [panel.title for panel in second_figures.usual_functions().panels]
    assert titles == ["unit step", "sign", "identity", "hard sigmoid", "sigmoid", "tanh", "relu"]
