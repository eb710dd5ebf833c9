"""The parser of typed formulas: what it reads, and what it refuses with the place."""

from __future__ import annotations

import mpmath
import pytest

from formulas import formula, value
from ogive.errors import BadFormula
from ogive.functions.formula_parse import FUNCTIONS, MOST_CHARACTERS, is_formula, parse, split


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
