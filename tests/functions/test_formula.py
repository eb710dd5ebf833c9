"""Typed formulas as functions like any other: names, parameters, facts, cards, networks."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ogive
import torch
from formulas import formula
from ogive.errors import BadFormula, BadParameter, OgiveError
from ogive.functions import registry
from ogive.functions.formula import is_defined
from ogive.study.network import Network
from ogive.study.plan import candidates_from


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test defines is not known to the next."""
    monkeypatch.setattr(registry, "_formulas", {})


def test_a_defined_function_is_known_by_its_name() -> None:
    act = ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0)
    assert ogive.get("tempered") == act
    assert ogive.get("tempered:a=2").parameters == {"a": 2.0}
    assert ogive.get("tempered", a=2)(1.0) == ogive.tempered(1.0, a=2) == np.tanh(np.exp(2.0))
    assert "tempered" in ogive.names()
    assert repr(act) == "ogive.get('tempered')"
    assert act.operations.transcendental == 3
    assert "a: a parameter of the formula; it must be a finite number (default 1)" in str(
        ogive.tempered.__doc__
    )
    assert is_defined(act.definition)
    assert not is_defined(ogive.get("relu").definition)


def test_a_name_can_be_defined_anew_and_the_catalogue_keeps_its_own() -> None:
    ogive.define("mine", "2*x")
    assert ogive.mine(1.0) == 2.0
    ogive.define("mine", "3*x")
    assert ogive.get("mine")(1.0) == ogive.mine(1.0) == 3.0
    for taken in ("relu", "swish", "softmax"):
        with pytest.raises(OgiveError, match="is already the name of"):
            ogive.define(taken, "x")
    with pytest.raises(OgiveError, match="no catalogue name"):
        ogive.define("My own", "x")


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(BadParameter, match="parameter b, which its formula 'x' does not use"):
        ogive.define("f", "x", b=1.0)
    with pytest.raises(BadParameter, match="'exp' cannot name a parameter"):
        ogive.define("f", "x*exp", exp=1.0)
    with pytest.raises(BadParameter, match="a is 'one', which is no number"):
        ogive.define("f", "x*a", a="one")  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="out of bounds"):
        ogive.define("f", "x*a", a=float("inf"))
    assert "f" not in ogive.names()


def test_a_bare_formula_is_its_own_name() -> None:
    act = ogive.get(" x*tanh( exp(x)) ")
    assert act.label == "x*tanh( exp(x))"
    assert ogive.get(act.label) == act
    assert act(3.0) == 3.0
    with pytest.raises(BadFormula, match="column 3"):
        ogive.get("x*y")


def test_parameters_may_follow_a_bare_formula() -> None:
    act = ogive.get("x*tanh( a*x) : a = 2")
    assert act.label == "x*tanh( a*x):a=2"
    assert act(1.0) == ogive.define("own", "x*tanh(a*x)", a=2.0)(1.0)
    for same in (ogive.get(act.label), ogive.get("x*tanh( a*x)", a=2), ogive.get(act)):
        assert same == act
    assert ogive.get(act, a=3).label == "x*tanh( a*x):a=3"
    assert ogive.get("a*b*x:b=1:a=0.1") == ogive.get("a*b*x:a=0.1:b=1")
    assert pickle.loads(pickle.dumps(act)) == act


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("x*tanh(a*x):a=2:a=3", BadParameter, "gives a twice"),
        ("x*tanh(a*x):a=two", BadParameter, "a is 'two', which is no number"),
        ("x*tanh(a*x):a=inf", BadParameter, "out of bounds"),
        ("x*tanh(a*x):a=2:b=3", BadParameter, "does not use"),
        ("x*tanh(a*x):=2", BadParameter, "is no parameter; write it as name=number"),
        ("x*2:exp=2", BadParameter, "'exp' cannot name a parameter"),
        ("x*tanh(a*x):b=2", BadFormula, "'a' is no name known here.*formula:a=1"),
        ("x*tanh(a*x):a", BadFormula, "column 12: ':' has no meaning here; parameters follow"),
        ("where(x>0:1)", BadFormula, "column 10: ':' has no meaning here"),
        ("x*log(a):a=-1", BadFormula, "no number for any x"),
    ],
)
def test_wrong_parameters_after_a_formula_are_refused(
    text: str, kind: type[OgiveError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        ogive.get(text)


def test_a_formula_takes_a_parameter_once() -> None:
    with pytest.raises(BadParameter, match="gives a twice"):
        ogive.get("x*tanh(a*x):a=2", a=3)


def test_definitions_pickle_by_themselves_to_another_process() -> None:
    act = ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0)
    for kept in (act, ogive.get("tempered:a=2"), ogive.get("x*tanh(exp(x))")):
        assert pickle.loads(pickle.dumps(kept)) == kept
    program = (
        "import pickle, sys; act = pickle.loads(sys.stdin.buffer.read()); "
        "print(repr(float(act(0.5))), repr(float(act.slope(0.5))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(act),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.decode().split() == [repr(float(act(0.5))), repr(float(act.slope(0.5)))]


def test_facts_are_measured() -> None:
    facts = formula("where(x > 0.3, x - 0.3, 0) + abs(x + 2)/10").facts
    assert facts.measured
    assert facts.kinks == pytest.approx((-2.0, 0.3), rel=1e-15)
    assert facts.range == (0.0, np.inf)
    assert facts.lipschitz == pytest.approx(1.1)
    for name in ("tanh", "silu", "gelu", "elu", "mish", "softsign", "relu", "log_sigmoid"):
        claimed, found = (
            ogive.get(name).facts,
            formula(ogive.get(name).definition.formula, **(ogive.get(name).parameters)).facts,
        )
        assert found.range == pytest.approx(claimed.range, rel=1e-9, abs=1e-12), name
        assert found.limits == pytest.approx(claimed.limits), name
        assert found.lipschitz == pytest.approx(claimed.lipschitz, rel=1e-9), name
        assert (found.monotone, found.parity) == (claimed.monotone, claimed.parity), name
        assert found.kinks == claimed.kinks, name


def test_a_jump_and_a_steep_function_have_no_lipschitz_constant() -> None:
    assert formula("where(x > 1, 1, 0)").facts.lipschitz == np.inf
    assert formula("x**2").facts.lipschitz == np.inf
    assert formula("1/x").facts.parity == "odd"


def test_the_card_says_what_was_measured() -> None:
    shown = ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0).card()
    text = " ".join(str(shown).split())
    assert "this and the next five lines are measured" in text
    assert "largest relative error found" in text
    assert "was measured and is not proved" in text
    assert [c.holds for c in shown.checks] == [True, True]
    assert shown.measured
    assert shown.gain == pytest.approx(1.3748, abs=1e-4)
    assert not ogive.get("relu").card().measured
    assert ogive.get("relu").card().accuracy is None


def test_the_card_of_an_inaccurate_formula_says_so() -> None:
    accuracy = formula("sqrt(1 + x) - sqrt(1 + x - x/1e25)").card().accuracy
    assert accuracy is not None
    worst = float(accuracy.split("value ")[1].split()[0])
    assert worst > 1e-12


def test_a_formula_without_moments_still_has_a_card() -> None:
    shown = formula("exp(x**2)").card()
    assert shown.mean is None
    assert shown.gain is None
    assert not formula("log(x)").card().checks[0].holds


def test_a_network_with_a_formula_is_chosen_saved_and_loaded(tmp_path: Path) -> None:
    act = ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0)
    choice = ogive.choose(
        "iris",
        candidates=["tempered:a=0.5", "where(x > 0, x, 0.1*x)"],
        seeds=5,
        width=4,
        depth=1,
        rates=(0.01,),
        engine="here",
    )
    assert set(choice.study.plan.labels) == {"tempered:a=0.5", "where(x > 0, x, 0.1*x)"}
    net = choice.take_home()
    net = type(net).from_files(net.to_files())
    # Whichever was recommended, the named one is saved here.
    own = Network(
        net.network.shape, ogive.get("tempered:a=0.5"), net.network.kind, net.network.scale
    )
    own.load_state_dict(net.network.state_dict())
    folder = replace(net, network=own.eval()).save(tmp_path / "net")
    registry._formulas.clear()  # as in a process that never heard of the name
    loaded = ogive.load(folder)
    assert loaded.network.function.definition.formula == act.definition.formula
    assert loaded.network.function.parameters == {"a": 0.5}
    x = torch.randn(7, 4)
    assert torch.equal(loaded.network(x), own(x))


def test_candidates_of_a_text_may_hold_formulas() -> None:
    found = candidates_from("relu,where(x>0, x, 0),elu:alpha=0.5,max(x, a*x):a=0.2,max(x, a*x):a=0")
    labels = ["relu", "where(x>0, x, 0)", "elu:alpha=0.5", "max(x, a*x):a=0.2", "max(x, a*x):a=0"]
    assert [c.label for c in found] == labels
