"""``ogive cost``: what it prints, in which order, and how it ends; no time is ever judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ogive import cli
from ogive.cli import cost as verb
from ogive.functions import Activation, registry
from ogive.functions.activation import Definition
from ogive.functions.timing import ELEMENTS, Cost

Captured = pytest.CaptureFixture[str]
PLANTED = {"relu": 0.5, "gelu": 6.0, "tanh": 2.0, "elu:alpha=0.5": 2.0}


def run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``ogive cost arguments``."""
    with pytest.raises(SystemExit) as end:
        cli.main(["cost", *arguments])
    captured = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, captured.out, captured.err


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(act: Activation) -> Cost:
        time = PLANTED.get(act.label, 100.0)
        return Cost(act.label, 0.25 * time, 0.75 * time, 0.1, act.operations)

    monkeypatch.setattr(Activation, "cost", cost)


def test_one_function_is_really_measured(capsys: Captured) -> None:
    code, out, err = run(capsys, "relu", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["elements"] == ELEMENTS
    assert (document["dtype"], document["threads"]) == ("float32", 1)
    (found,) = document["functions"]
    assert found["function"] == "relu"
    assert min(found["forward"], found["backward"], found["copy"]) > 0


@pytest.mark.usefixtures("planted")
def test_the_cheapest_comes_first(capsys: Captured) -> None:
    names = ["gelu", "tanh", "relu", "elu:alpha=0.5"]
    code, out, err = run(capsys, *names)
    assert (code, err) == (0, "")
    places = [out.index(f" {name} ") for name in ("relu", "elu:alpha=0.5", "tanh", "gelu")]
    assert places == sorted(places)
    assert "A memory copy takes 0.1." in " ".join(out.split())
    found = json.loads(run(capsys, *names, "--json")[1])["functions"]
    assert [one["function"] for one in found] == ["relu", "elu:alpha=0.5", "tanh", "gelu"]
    assert found[0] == {
        "function": "relu", "forward": 0.125, "backward": 0.375, "total": 0.5, "copy": 0.1,
        "transcendental": 0, "simple": 2,
    }  # fmt: skip
    assert run(capsys, "Swish")[1].startswith("Cost of silu on this machine")


@pytest.mark.usefixtures("planted")
def test_without_names_every_elementwise_function_is_measured(capsys: Captured) -> None:
    code, out, err = run(capsys, "--json")
    assert (code, err) == (0, "")
    expected = {e.name for e in registry.entries() if isinstance(e, Definition)}
    found = [one["function"] for one in json.loads(out)["functions"]]
    assert set(found) == expected
    assert len(found) == len(expected)
    assert found[:3] == ["relu", "tanh", "gelu"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["relu", "sigmod"], "no function 'sigmod'; the nearest names are sigmoid"),
        (["softmax"], "works along an axis"),
        (["elu:alpha=-1"], "alpha=-1 is out of bounds"),
        (["elu:beta=1"], "elu has no parameter 'beta'"),
    ],
)
@pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "json"])
def test_bad_names_are_one_sentence_and_exit_2(
    capsys: Captured, names: list[str], option: list[str], sentence: str
) -> None:
    code, out, err = run(capsys, *names, *option)
    assert (code, out) == (2, "")
    assert err.startswith("ogive: ")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("planted")
def test_a_long_measuring_tells_how_many_are_left(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "PATIENCE", -1.0)
    code, out, err = run(capsys, "relu", "tanh", "--json")
    assert code == 0
    assert "measuring: 1 of 2, about 0 s left" in err
    document: Any = json.loads(out)
    assert len(document["functions"]) == 2


@pytest.mark.usefixtures("planted")
def test_a_terminal_gets_a_bar(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "PATIENCE", -1.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run(capsys, "relu", "tanh", "--json")
    assert code == 0
    assert "measuring" in err
    assert len(json.loads(out)["functions"]) == 2
