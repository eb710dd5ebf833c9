"""Typed formulas: the parser, the derivative, stable forms, and life as a function like others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest

import ogive
import oracles
import torch
from ogive.errors import BadFormula, BadParameter, OgiveError
from ogive.functions import Activation, registry
from ogive.functions.formula import build, is_defined
from ogive.functions.formula_parse import FUNCTIONS, MOST_CHARACTERS, is_formula, parse, split
from ogive.functions.formula_tree import parts
from ogive.study.network import Network
from ogive.study.plan import candidates_from

ENDS = np.array([-np.inf, np.inf])
NEAR = np.concatenate([np.linspace(-20, 20, 4001), np.logspace(-12, 1, 60)])
FAR = np.concatenate([-np.logspace(1.4, 300, 300), np.logspace(1.4, 300, 300)])


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test defines is not known to the next."""
    monkeypatch.setattr(registry, "_formulas", {})


def formula(text: str, **parameters: float) -> Activation:
    return build("f", text, parameters)


def value(text: str, x: float = 2.0) -> float:
    return float(formula(text)(x))


# The parser.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", -4.0),
        ("2**-x", 0.25),
        ("2**x**2", 16.0),
        ("(2**x)**2", 16.0),
        ("x - 1 - 1", 0.0),
        ("12/x/3", 2.0),
        ("x + 2*x**2 - 1/x", 9.5),
        ("-(-x)", 2.0),
        ("- - +x", 2.0),
        (".5*x + 1e-1 + 2.", 3.1),
        ("max(x, 5, 3) + min(1, x)", 6.0),
        ("where(x >= 2, 1, 0) + where(x != 2, 10, 20) + where(1 < x, 100, 0)", 121.0),
        ("where(x == 2, where(x < 0, 1, 2), 3)", 2.0),
        ("cos(pi*x) + ln(e) + relu(x) + abs(0 - x)", 6.0),
        ("arctan(x) - atan(x) + sigmoid(x) - logistic(x) + maximum(x, 0)", 2.0),
        ("  x\n *\t3 ", 6.0),
    ],
)
def test_formulas_mean_what_they_say(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, rel=1e-15)


def test_every_function_of_the_language_is_right_and_its_slope_too() -> None:
    for name in FUNCTIONS:
        act = formula(f"{name}(x)")
        true = getattr(
            mpmath,
            {"abs": "fabs", "absolute": "fabs", "arctan": "atan", "arcsinh": "asinh"}.get(
                name, name
            ),
            {
                **dict.fromkeys(
                    ("logistic", "sigmoid", "expit"), lambda x: 1 / (1 + mpmath.exp(-x))
                ),
                "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
            }.get(name),
        )
        for x in (0.3, 1.7, 5.0):
            assert float(act(x)) == pytest.approx(float(true(x)), rel=1e-14), name
            slope = float(mpmath.diff(true, x))
            assert float(act.slope(x)) == pytest.approx(slope, rel=1e-13, abs=1e-30), name


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("x*tanh(", 8, "missing before 'the end'"),
        ("x + ^2", 5, "a power is written \\*\\*"),
        ("2x", 2, "a product is written with \\*"),
        ("x*(x+1", 7, "opened at column 3 is not closed"),
        ("x)", 2, "never opened"),
        ("x*alpha", 3, "'alpha' is no name known here"),
        ("tanhh(x)", 1, "the nearest names are tanh"),
        ("exp*x", 1, "exp is a function"),
        ("exp(x, 1)", 1, "exp takes 1 number, and 2 are given"),
        ("where(x, 1, 2)", 8, "where needs a comparison first"),
        ("where(0 < x < 1, 1, 2)", 13, "cannot be chained"),
        ("x > 0", 3, "a comparison is no number"),
        ("__import__('os')", 12, "has no meaning here"),
        ("x.real", 2, "has no meaning here"),
        ("x[0]", 2, "has no meaning here"),
        ("open(x)", 1, "no function 'open'"),
        ("9**9**9", 2, "no finite number"),
        ("1e999*x", 1, "larger than a float64"),
        ("x*log(-1)", 3, "no finite number"),
        ("x**2000", 2, "at most 1000"),
        ("", 1, "empty"),
        ("(" * 900, 51, "more than 50 deep"),
        ("(" * 10_000, MOST_CHARACTERS, "10000 characters"),
        ("-" * 900 + "x", 51, "more than 50 deep"),
        ("x+" * 400 + "x", 202, "on top of each other"),
        ("log(-1 - x*x)", 1, "no number for any x"),
        ("π*x", 1, "write pi"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(text: str, column: int, why: str) -> None:
    with pytest.raises(BadFormula, match=why) as refused:
        formula(text)
    sentence, *pointer = str(refused.value).split("\n")
    assert f"column {column}" in sentence
    assert len(sentence) < 300
    if pointer:  # the text, and a caret below the place
        shown, caret = pointer
        assert caret == " " * (len(caret) - 1) + "^"
        there = text[column - 1 : column]
        assert shown[len(caret) - 1 : len(caret)] == there
        assert (shown == f"  {text}") == (len(text) <= 72)
    else:
        assert why in {"empty", "10000 characters", "no number for any x"}


def test_too_many_operations_are_refused() -> None:
    group = "(" + "+".join(["x*x"] * 20) + ")"
    with pytest.raises(BadFormula, match="column"):
        formula("+".join([f"exp({i}*x)" for i in range(90)]) + "+" + group * 2)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(BadFormula, match="a formula is a text, not int"):
        parse(3)  # type: ignore[arg-type]


def test_candidates_are_split_outside_brackets() -> None:
    assert split("relu, where(x>0, x, 0) ,elu:alpha=0.5,,max(x,0") == [
        "relu",
        "where(x>0, x, 0)",
        "elu:alpha=0.5",
        "max(x,0",
    ]
    assert split("x),relu") == ["x)", "relu"]


def test_names_and_formulas_are_told_apart() -> None:
    for text in ("x", "x*2", "exp(x)", "x-1", "1/2", " x "):
        assert is_formula(text)
    for text in ("relu", "Leaky-ReLU", "hard tanh", "elu:alpha=1e+5", "relux", "exp"):
        assert not is_formula(text)
    assert is_formula("x*tanh(a*x):a=2")
    assert not is_formula("elu:alpha=x")


# Value and slope.


# As typed these lose figures where two terms cancel, or have no value at a point; the catalogue
# computes them by forms of its own.
UNEVEN = {"sinc", "soft_clipping"}


def _entries() -> list[Activation]:
    return [
        act
        for act in oracles.variants()
        if act.name not in UNEVEN
        and all(abs(v) < 100 and (v == 0 or abs(v) > 0.01) for v in act.settings)
    ]


@pytest.mark.parametrize("act", _entries(), ids=oracles.by_label)
def test_the_catalogues_formulas_give_the_catalogues_functions(act: Activation) -> None:
    tree = parse(act.definition.formula, tuple(act.parameters))
    used = {n.value for n in parts(tree) if n.operation == "name"}
    own = build("f", act.definition.formula, {k: v for k, v in act.parameters.items() if k in used})
    x = np.concatenate([NEAR, FAR[np.abs(FAR) < 1e150], ENDS])
    for kink in act.facts.kinks:  # which side of it a point is on may be rounding's choice
        x = x[np.abs(x - kink) > 1e-12]
    for mine, catalogue in ((own, act), (own.slope, act.slope)):
        # Relative to what is near: both forms round their inner parts, which exp magnifies.
        np.testing.assert_allclose(mine(x), catalogue(x), rtol=5e-12, atol=1e-14)
    assert np.isnan(own(np.nan))
    assert np.isnan(own.slope(np.nan))


@pytest.mark.parametrize(
    "text",
    [
        "x*tanh(log(1 + exp(x)))",
        "x*log(1 + tanh(exp(x)))",
        "x*erf(log(1 + exp(x)))",
        "(x + sqrt(x**2 + 4))/2",
        "(sqrt(x**2 + 1) - 1)/2 + x",
        "sign(x)*log(1 + abs(x))",
        "1 - exp(-exp(x))",
        "log(exp(x) + exp(-x))",
        "log(cosh(x))",
        "log(2 + exp(x))",
        "exp(x)/(1 + exp(x))**2",
        "2/(1 + exp(-2*x)) - 1",
        "1 - 2/(1 + exp(-x))",
        "x/sqrt(1 + 0.5*x**2)",
        "x*atan(x) + asinh(x)",
        "max(0, x)**2 - min(x, 0)**3",
    ],
)
def test_functions_of_the_literature_are_accurate_as_typed(text: str) -> None:
    shown = formula(text).card()
    assert [c.holds for c in shown.checks] == [True, True]
    assert shown.accuracy is not None
    said = shown.accuracy.replace(",", "").split()
    for part in ("value", "slope"):
        assert float(said[said.index(part) + 1]) < 1e-12, shown.accuracy


def test_a_kink_takes_the_stated_side() -> None:
    assert formula("where(x > 0, 3*x, 2*x)").slope(0.0) == 2.0
    assert formula("where(x >= 0, 3*x, 2*x)").slope(0.0) == 3.0
    assert formula("abs(x)").slope(0.0) == 0.0
    assert formula("max(3*x, 2*x)").slope(0.0) == 2.0
    assert formula("min(3*x, 2*x)").slope(0.0) == 3.0
    assert formula("sign(x)*log(1 + abs(x))").slope(0.0) == 1.0
    # Pieces that meet smoothly keep their common slope.
    assert formula("max(0, x) + min(0, exp(x) - 1)").slope(0.0) == 1.0


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("log(1 + exp(x))", 800.0, 800.0),
        ("log(1 + exp(x))", -40.0, 4.248354255291589e-18),
        ("log(1 + x)", 1e-20, 1e-20),
        ("exp(x) - 1", 1e-20, 1e-20),
        ("-1 + exp(x)", 1e-20, 1e-20),
        ("1 - exp(x)", 1e-20, -1e-20),
        ("1/(1 + exp(-x))", -800.0, 0.0),
        ("exp(x)/(1 + exp(x))", 800.0, 1.0),
        ("x/(1 + exp(-x))", -1e200, 0.0),
        ("1 + tanh(x)", -30.0, 1.751302152539304e-26),
        ("1 - tanh(x)**2", 20.0, 1.6993417021166355e-17),
        ("1 - erf(x)", 6.0, 2.1519736712498913e-17),
        ("log(1 - erf(x))", 1e-20, -1.1283791670955126e-20),
        ("log(1 - exp(x))", -50.0, -1.9287498479639178e-22),
        ("x - tanh(x)", 1e-6, 3.3333333333320003e-19),
        ("(1 - exp(-x))/(1 + exp(-x))", 1e-12, 5e-13),
        ("x/sqrt(1 + x**2)", 1e200, 1.0),
        ("x**2*exp(-x**2)", 1e200, 0.0),
        ("exp(x)*exp(-x)", 800.0, 1.0),
    ],
)
def test_unstable_patterns_are_computed_in_a_stable_form(
    text: str, x: float, expected: float
) -> None:
    assert value(text, x) == pytest.approx(expected, rel=4e-16, abs=0)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("x*tanh(exp(x))", (0.0, np.inf)),
        ("x/(1 + abs(x))", (-1.0, 1.0)),
        ("x/(1 + exp(-1.702*x))", (0.0, np.inf)),
        ("x*exp(-x**2)", (0.0, 0.0)),
        ("x - tanh(x)", (-np.inf, np.inf)),
    ],
)
def test_infinities_give_the_limits(text: str, limits: tuple[float, float]) -> None:
    act = formula(text)
    assert tuple(act(ENDS)) == limits
    assert act.facts.limits == limits
    assert np.isfinite(act.slope(ENDS)).all()
    assert not np.isnan(act(FAR)).any()
    assert not np.isnan(act.slope(FAR)).any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_torch_gives_the_same_numbers_and_the_slope_as_gradient(dtype: torch.dtype) -> None:
    numbers = [-np.inf, -1e5, -200.0, -90.0, -20.0, -1.0, 0.0, 0.01, 5.0, 90.0, 1e5, np.inf]
    for text in (
        "x*tanh(exp(x))",
        "where(x > 0, 1.1, 0.3)",
        "max(x, x**2)/(1 + exp(-x))",
        "x/sqrt(1 + x**2)",
        "2**min(x, 3) - sinh(x)/cosh(x)",
        "x",
        "3",
    ):
        act = formula(text)
        x = torch.tensor([*numbers, np.nan], dtype=dtype, requires_grad=True)
        made = act(x)
        made.sum().backward()
        assert made.dtype == dtype
        wide = x.detach().double().numpy()
        close = {"rtol": 1e-2 if dtype == torch.bfloat16 else 2e-5, "atol": 1e-6, "equal_nan": True}
        with np.errstate(over="ignore"):
            expected = torch.tensor(act(wide)).to(dtype)
        assert torch.allclose(made.detach(), expected, **close), text
        assert torch.allclose(x.grad, torch.tensor(act.slope(wide)).to(dtype), **close), text


# Life as a function like any other.


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


def test_that_numbers_of_a_formula_are_not_learned_is_said() -> None:
    act = ogive.get("x*tanh(a*x):a=2")
    for ask in (
        lambda: act.parameter_slope("a", 1.0),
        lambda: act.module(learnable=["a"])(torch.ones(3)),
    ):
        with pytest.raises(OgiveError, match="put in before it is read; register a Definition"):
            ask()
