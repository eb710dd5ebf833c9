"""The page and the pictures of a diagnosis."""

from __future__ import annotations

import html
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import ogive
import torch
from ogive.diagnosis.health import Health
from ogive.errors import OgiveError
from ogive.report import health_figures
from ogive.report.health_page import page
from torch import nn


@pytest.fixture(scope="module")
def health() -> Health:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 20), nn.Tanh(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3), nn.Softmax(1)
    )
    with torch.no_grad():
        model[0].weight.mul_(40)
        model[2].bias[:4] = -1000
    return ogive.probe(model, torch.randn(64, 6), torch.arange(64) % 3)


def test_the_page_holds_what_was_found(health: Health, tmp_path: Path) -> None:
    path = health.report(tmp_path / "health.html")
    text = path.read_text()
    assert text == page(health)
    assert health.verdict in text
    for finding in health.findings:
        assert finding.source in html.unescape(text)
    assert text.count("<svg") == 2
    assert "4 of 20" in text
    HTMLParser().feed(text)
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    assert "<script" not in text


def test_names_from_a_model_are_escaped() -> None:
    class Net(nn.Sequential):
        pass

    Net.__name__ = "<b>$x$</b>"
    model = Net(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    text = page(ogive.probe(model, torch.randn(9, 2)))
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_page_that_cannot_be_written_is_refused(health: Health, tmp_path: Path) -> None:
    with pytest.raises(OgiveError, match="cannot be written"):
        health.report(tmp_path / "missing" / "health.html")


def test_the_numbers_of_the_pictures(health: Health) -> None:
    found = {c.title.replace("\n", " "): c.values for c in health_figures.columns(health)}
    assert found["dead units"][:2] == (0.0, 0.2)
    assert math.isnan(found["dead units"][2])
    assert found["saturated"][0] == health.layers[0].saturated
    tanh, relu = health_figures.histograms(health)
    width = tanh.edges[1] - tanh.edges[0]
    assert tanh.density.sum() * width + tanh.below + tanh.above == pytest.approx(1)
    assert relu.below == pytest.approx(0.2, abs=0.05)
    np.testing.assert_allclose(tanh.value, np.tanh(tanh.x), rtol=1e-9)


def test_pictures_are_drawn(health: Health) -> None:
    from matplotlib.figure import Figure

    figure = health.plot()
    figure.canvas.draw()
    shown = [t.get_text() for part in figure.subfigs for ax in part.axes for t in [ax.title]]
    assert "saturated" in shown
    assert "1\ntanh" in shown
    ax = Figure().subplots()
    assert health.plot(ax) is ax
    assert [bar.get_label() for bar in ax.containers] == ["dead units", "saturated", "off side"]


def test_a_model_without_activations_has_a_page() -> None:
    health = ogive.probe(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)), torch.randn(20, 3))
    assert "healthy: nothing is wrong at its 0 activations" in page(health)
    health.plot()
