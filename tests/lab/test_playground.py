"""The lab: what it computes, and the lab itself in a real browser."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from browser import Watched, browser, served

import ogive
import torch
from ogive.errors import OgiveError
from ogive.lab import play_figures, playdata, rehearsal, workbench
from ogive.study.network import OUTPUT_UNITS

TANH, RELU = ogive.get("tanh"), ogive.get("relu")
PLAN = rehearsal.Plan(depth=2, width=8, epochs=6)


def test_what_is_typed_goes_before_what_is_chosen() -> None:
    assert workbench.chosen("elu").act == ogive.get("elu")
    assert workbench.chosen("elu", " selu ").act == ogive.get("selu")
    typed = workbench.chosen("elu", "x*tanh(a*x):a=2").act
    assert typed is not None
    assert typed.parameters == {"a": 2.0}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x*tanh(", "cannot be read at column 8"),
        ("rleu", "the nearest names are relu"),
        ("exp(x*x)", "exp"),
        ("__import__('os')", "cannot be read at column"),
    ],
)
def test_what_cannot_be_used_gets_its_sentence(typed: str, said: str) -> None:
    found = workbench.chosen("elu", typed)
    assert found.act is None
    assert said in found.problem
    shown = play_figures.problem_html(found.problem + "<b>")
    assert 'role="alert"' in shown
    assert "&lt;b&gt;" in shown


def test_sliders_stay_within_the_bounds_of_their_parameters() -> None:
    for entry in ogive.names():
        act = ogive.get(entry)
        if not isinstance(act, ogive.Activation) or act.definition.family == "formula":
            continue
        for slider in workbench.sliders(act):
            assert slider.low <= slider.value <= slider.high, entry
            for end in (slider.low, slider.high):
                ogive.get(act, **{slider.name: end})


def test_a_setting_out_of_bounds_gets_its_sentence() -> None:
    assert workbench.tuned(ogive.get("elu"), {"alpha": 2.0}).act == ogive.get("elu:alpha=2")
    assert "out of bounds" in workbench.tuned(ogive.get("elu"), {"alpha": -1.0}).problem


@pytest.mark.parametrize("name", ["tanh", "gelu", "identity", "x*sin(2*x)"])
def test_the_second_derivative_is_that_of_the_slope(name: str) -> None:
    act, x, step = ogive.get(name), np.linspace(-3, 3, 13), 1e-5
    want = (act.slope(x + step) - act.slope(x - step)) / (2 * step)
    np.testing.assert_allclose(workbench.second(act, x), want, atol=1e-8)


def test_the_readings_are_those_of_the_library() -> None:
    read = workbench.reading(RELU, 2.0, 4.0)
    assert (read.value, read.slope, read.second) == (2.0, 1.0, 0.0)
    assert read.means.second == pytest.approx(2.0)
    assert read.gain == pytest.approx(2**0.5)
    shown = play_figures.readings_html([read], 2.0, 4.0)
    assert '<td class="n">1.414</td>' in shown


def test_no_second_derivative_is_drawn_at_a_corner() -> None:
    panels = workbench.picture([ogive.get("elu:alpha=2")], 0.5).panels
    bent = panels[2].curves[0]
    assert np.isnan(bent.y[np.argmin(np.abs(bent.x))])
    assert np.isfinite(bent.y).sum() == len(bent.y) - 1


def test_the_initialisation_chosen_is_the_one_marked() -> None:
    for kind in workbench.INITIALISATIONS:
        theory = workbench.initialised(TANH, kind, 1.7, 0.2)
        if kind == workbench.OWN:
            assert (theory.sigma_w, theory.sigma_b) == (1.7, 0.2)
        if kind == workbench.CRITICAL:
            assert theory.chi == pytest.approx(1)
    with pytest.raises(OgiveError, match="is no initialisation"):
        workbench.initialised(TANH, "best")


@pytest.mark.parametrize("name", playdata.SETS)
def test_every_set_trains(name: str) -> None:
    data = playdata.data(name, 1)
    *_, last = rehearsal.train(TANH, data, PLAN)
    assert last.done
    assert last.losses[-1] < last.losses[0]
    assert last.epochs == tuple(range(7))
    again = playdata.data(name, 1)
    assert torch.equal(data.x_train, again.x_train)
    assert not torch.equal(data.x_train, playdata.data(name, 2).x_train)


def test_an_unknown_set_gets_its_sentence() -> None:
    with pytest.raises(
        OgiveError, match=r"there is no set 'two mons'.*nearest names are two moons"
    ):
        playdata.data("two mons")


def test_two_functions_start_from_the_same_draws() -> None:
    data = playdata.data("two moons")
    one, two = (next(rehearsal.train(act, data, PLAN)) for act in (TANH, RELU))
    assert torch.equal(one.weights[0], two.weights[0])
    ratio = two.weights[2] / one.weights[2]  # the gains differ, and nothing else
    torch.testing.assert_close(
        ratio, torch.full_like(ratio, ogive.gain("relu") / ogive.gain("tanh"))
    )


def test_the_gradients_by_layer_are_those_of_autograd() -> None:
    data = playdata.data("digits")
    frame = next(rehearsal.train(TANH, data, PLAN))
    x, nets = data.x_train, []
    for i in range(0, 4, 2):
        nets.append((x @ frame.weights[i][0] + frame.weights[i + 1][0]).requires_grad_())
        nets[-1].retain_grad()
        x = torch.tanh(nets[-1])
    z = x @ frame.weights[4][0] + frame.weights[5][0]
    torch.nn.functional.cross_entropy(z, data.y_train).backward()
    norms = [float(net.grad.norm()) for net in nets if net.grad is not None]
    np.testing.assert_allclose(frame.gradient, norms, rtol=1e-4)
    unit = OUTPUT_UNITS[data.task]
    assert unit.name == "softmax"


def test_dead_units_and_saturated_values_are_counted() -> None:
    data = playdata.data("two moons")
    wild = dataclasses.replace(PLAN, sigma_w=200.0)
    assert next(rehearsal.train(TANH, data, wild)).saturated[1] > 0.9
    mild = next(rehearsal.train(TANH, data, PLAN))
    assert mild.dead == (0.0, 0.0)
    assert max(mild.saturated) < 0.05
    dead = next(
        rehearsal.train(
            ogive.get("max(x - 1000, 0)*1000"), data, dataclasses.replace(PLAN, sigma_w=1.0)
        )
    )
    assert dead.dead == (1.0, 1.0)


def test_a_training_that_diverges_ends() -> None:
    data = playdata.data("a wave (regression)")
    frames = list(
        rehearsal.train(ogive.get("x*x*x"), data, dataclasses.replace(PLAN, rate=10.0, depth=4))
    )
    assert frames[-1].done
    assert frames[-1].diverged
    assert "diverged" in play_figures.training_html([(frames[-1], ogive.get("x*x*x"))], data)
    with pytest.raises(OgiveError, match="width is 0; give a number from 1 to 256"):
        next(rehearsal.train(TANH, data, dataclasses.replace(PLAN, width=0)))


def test_the_decision_surface_is_what_the_network_says() -> None:
    data = playdata.data("circles")
    *_, last = rehearsal.train(TANH, data, dataclasses.replace(PLAN, epochs=30))
    assert last.score > 0.9
    drawn = play_figures.decision_surface(last, TANH, data)
    middle = drawn.values[30, 30]  # the inner circle is the first class
    assert middle < 0.2
    assert max(drawn.values[0, 0], drawn.values[-1, -1]) > 0.8
    shown = play_figures.training_html([(last, TANH), (last, TANH)], data)
    assert shown.count("<svg") == 6


@pytest.mark.timeout(900)
def test_the_lab_in_a_browser(tmp_path: Path) -> None:
    with browser() as opened, served(tmp_path, "lab") as address:
        seen = Watched(opened, 1200, 2400)
        page = seen.page
        page.goto(address)
        page.get_by_text("Press Train to begin").wait_for()

        before = page.locator("svg[aria-label^='The functions. value']").first.inner_html()
        page.get_by_role("slider").first.focus()  # alpha, by keyboard alone
        page.keyboard.press("End")
        page.get_by_text("elu:alpha=6", exact=True).first.wait_for()
        after = page.locator("svg[aria-label^='The functions. value']").first.inner_html()
        assert before != after

        typed = page.get_by_placeholder("x*tanh(exp(a*x)):a=1")
        typed.fill("x*tanh(")
        typed.press("Enter")
        page.get_by_text(re.compile("cannot be read at column 8")).wait_for()
        typed.fill("x*tanh(a*x):a=2")
        typed.press("Enter")
        page.locator("th:text-is('x*tanh(a*x):a=2')").first.wait_for()
        assert page.get_by_role("alert").count() == 0

        page.get_by_role("button", name="Train").click()
        page.locator("td:text-is('done')").nth(1).wait_for()
        assert page.locator("svg[aria-label^='Decision surface']").count() == 2
        assert (seen.outside, seen.errors) == ([], [])

        page.set_viewport_size({"width": 390, "height": 844})
        assert seen.overflow() <= 0


def test_a_raster_within_a_picture_is_kept() -> None:
    shown = play_figures.phases_html([workbench.initialised(TANH, workbench.GAIN)])
    assert 'href="data:image/png;base64,' in shown
    assert shown.count("<svg") == 1
