"""Random and malicious texts: right where they are formulas, refused in a sentence elsewhere."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator

import mpmath
import numpy as np
import pytest

from ogive.errors import OgiveError
from ogive.functions.formula import build
from ogive.functions.formula_measure import exactly
from ogive.functions.formula_parse import FUNCTIONS, parse

ENDS = np.array([-np.inf, np.inf])
NEAR = np.linspace(-20, 20, 41)


def _texts(seed: int) -> Iterator[str]:
    """Sensible random formulas."""
    chosen = random.Random(seed)

    def part(depth: int) -> str:
        if depth == 0:
            return chosen.choice(["x", "x", f"{chosen.uniform(-2, 2):.2f}", "pi", "a"])
        kind = chosen.random()
        if kind < 0.5:
            return f"({part(depth - 1)} {chosen.choice('+-*/')} {part(depth - 1)})"
        if kind < 0.9:
            return f"{chosen.choice(sorted(FUNCTIONS))}({part(depth - 1)})"
        if kind < 0.95:
            return f"where({part(depth - 1)} > 0, {part(depth - 1)}, {part(depth - 1)})"
        return f"({part(depth - 1)})**{chosen.choice([2, 3, -1, 0.5])}"

    while True:
        yield part(chosen.randint(1, 4))


def test_random_formulas_agree_with_mpmath_in_value_and_slope() -> None:
    checked = 0
    texts = _texts(1)
    with mpmath.workdps(60):
        while checked < 300:
            text = next(texts)
            try:
                act = build("f", text, {"a": 0.7} if "a" in text.replace("tan", "") else {})
            except OgiveError:
                continue
            tree = parse(text, tuple(act.parameters))
            for x in (-2.37, 0.41, 1.93):
                h = mpmath.mpf(10) ** -20
                try:
                    before, there, after = (
                        exactly(tree, mpmath.mpf(x) + d, act.parameters) for d in (-h, 0, h)
                    )
                except (ArithmeticError, ValueError, TypeError):
                    continue
                slope = (after - before) / (2 * h)
                if not (abs(there) < 1e8 and 1e-8 < abs(slope) < 1e8):
                    continue
                assert float(act(x)) == pytest.approx(float(there), rel=1e-6, abs=1e-9), text
                assert float(act.slope(x)) == pytest.approx(float(slope), rel=1e-6), text
                checked += 1


ALPHABET = (
    *("x", "1", "9", ".5", "1e308", "0", "-", "+", "*", "/", "**", "(", ")", ",", "<", ">=", "=="),
    *("where(", "max(", "exp(", "log(", "sqrt(", "tanh(", "erfc(", " ", "^", "é", "a", "pi", "\n"),
    *("__", ".", "'", "lambda", ":", "[", "\x00", "relu(", "x)", ",x)", "x>0,", "**9"),
)


def _runs(text: str, x: np.ndarray, *, kernels: bool = True) -> bool:
    """Whether ``text`` is a formula; raises unless it works or is refused as it should be."""
    refusal = ""
    try:
        act = build("f", text, {})
        if kernels:
            act(ENDS)
            act.slope(x)
        else:
            with np.errstate(all="ignore"):
                act.value_expression(ENDS)
                act.slope_expression(x)
    except OgiveError as error:
        refusal = str(error)
    assert not refusal or ("column" in refusal and "\n" not in refusal), (text, refusal)
    return not refusal


def _fuzz(count: int, seed: int) -> int:
    """How many of ``count`` random texts are formulas; raises whatever is not ours."""
    chosen, texts, accepted = random.Random(seed), _texts(seed), 0
    for i in range(count):
        if i % 3 == 0:
            text = "".join(chosen.choices(ALPHABET, k=chosen.randint(1, 60)))
        else:
            text = next(texts)
        if i % 3 == 2:  # a sensible text, damaged
            at = chosen.randrange(len(text) + 1)
            text = text[:at] + chosen.choice(ALPHABET) + text[at + chosen.randint(0, 3) :]
        begun = time.process_time()
        # Compiling is what takes time: one in ten is.
        accepted += _runs(text, NEAR, kernels=i % 10 == 1)
        assert time.process_time() - begun < 2.0, text
    return accepted


def test_two_thousand_generated_texts_raise_nothing_but_ours() -> None:
    assert _fuzz(2000, 7) > 300


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_generated_texts_raise_nothing_but_ours() -> None:
    assert _fuzz(100_000, 11) > 10_000


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "x**9**9**9",
        "(" * 10_000 + "x" + ")" * 10_000,
        "(" * 48 + "x" + ")" * 48,
        "x**" * 47 + "x",
        "tanh(" * 45 + "x" + ")" * 45,
        "x/(1+" * 45 + "x" + ")" * 45,
        "exp(x*" * 45 + "x" + ")" * 45,
        "where(x>0," * 45 + "x" + ",x)" * 45,
        "+".join(["x*exp(x)*tanh(x)"] * 40),
        "*".join(["(x+exp(x))"] * 90),
        "max(" + ",".join(["x*x"] * 90) + ")",
        "9" * 990 + "*x",
        "x" * 1000,
        "-" * 1_000_000 + "x",
    ],
)
def test_nothing_blows_up_in_time_or_memory(text: str) -> None:
    tracemalloc.start()
    begun = time.process_time()
    _runs(text, np.array([0.5, -3.0]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - begun < 5.0
    assert peak < 100e6
