"""Random and malicious texts: right where they are formulas, refused in a sentence elsewhere."""

from __future__ import annotations

import os
import random
import re
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from ogive.errors import BadFormula, OgiveError
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


def test_random_formulas_agree_with_mpmath_in_the_derivative_by_a_parameter() -> None:
    checked = 0
    texts = (t for t in _texts(7) if "a" in re.findall(r"[a-z]\w*", t) and "x" in t)
    with mpmath.workdps(60):
        while checked < 60:
            text = next(texts)
            try:
                act = build("f", text, {"a": 0.7})
            except OgiveError:
                continue
            tree, step = parse(text, ("a",)), mpmath.mpf(10) ** -20
            for x in (-2.37, 0.41, 1.93):
                try:
                    before, after = (
                        exactly(tree, mpmath.mpf(x), {"a": mpmath.mpf(0.7) + d})
                        for d in (-step, step)
                    )
                except (ArithmeticError, ValueError, TypeError):
                    continue
                slope = (after - before) / (2 * step)
                if 1e-8 < abs(slope) < 1e8 and abs(after) < 1e8:
                    found = float(act.parameter_slope("a", x))
                    assert found == pytest.approx(float(slope), rel=1e-6), text
                    checked += 1


# What damages a text: signs, halves of calls, numbers beyond float64, and characters of every kind:
# without width, of double width, right to left, digits of other scripts, lone surrogates.
ALPHABET = (
    *("x", "1", "9", ".5", "1e308", "0", "-", "+", "*", "/", "**", "(", ")", ",", "<", ">=", "=="),
    *("where(", "max(", "exp(", "log(", "sqrt(", "tanh(", "erfc(", " ", "^", "é", "a", "pi", "\n"),
    *("__", ".", "'", "lambda", ":", "[", "\x00", "relu(", "x)", ",x)", "x>0,", "**9", "!=", "!"),
    *("1e-400", "1e400", "9" * 400, "0." + "0" * 300 + "1", "1e", "1.e5", "..5", "0x10", "1_000"),
    *("x" * 300, "where" * 40, "e", "E5", "exp", "x x", "2x", "x(", ")(", "()", ",,", "**-", "**+"),
    *("٣", "１", "²", "½", "π", "−", "漢", "😀", "\u0301", "\u200b", "\u202e", "\ud800", "\x7f"),
    *(
        "\t",
        "\r\n",
        "\x0c",
        "\u2028",
        "\xa0",
        "#",
        '"',
        "\\",
        "%s",
        "{x}",
        "\x1b[31m",
        ";",
        "=",
        "@",
    ),
)
TOKEN = re.compile(r"\w+|\*\*|[<>=!]=|\s+|.", re.DOTALL)


def _wild(chosen: random.Random, depth: int) -> str:  # noqa: PLR0911 (one for each rule)
    """By the grammar, but with everything that a formula may hold, and a few things it may not."""

    def part() -> str:
        return _wild(chosen, depth - 1)

    kind = chosen.randrange(14) if depth > 0 else -1
    if kind == -1:
        digits = "".join(chosen.choices("0123456789", k=chosen.randint(1, 25)))
        number = f"{digits}{chosen.choice(['', '.', f'.{digits}'])}"
        power = f"{chosen.choice('eE')}{chosen.choice(['', '-', '+'])}{chosen.randint(0, 330)}"
        return chosen.choice(["x", "x", "x", "pi", "e", digits[:2], number, number + power, "a"])
    if kind < 4:
        return f"{part()}{chosen.choice(['+', '-', '*', '/', ' + ', ' - '])}{part()}"
    if kind < 6:
        return f"{chosen.choice([*sorted(FUNCTIONS), 'relu'])}({part()})"
    if kind < 8:
        sign = chosen.choice(["<", "<=", ">", ">=", "==", "!="])
        chain = f" {sign} {part()}" if chosen.random() < 0.1 else ""
        return f"where({part()} {sign} {part()}{chain}, {part()}, {part()})"
    if kind == 8:
        size = chosen.randint(1, 6)
        return f"{chosen.choice(['max', 'min'])}({', '.join(part() for _ in range(size))})"
    if kind == 9:
        return f"{part()}**{chosen.choice(['2', '3', '-1', '0.5', '(1/3)', '1e3', part()])}"
    if kind == 10:
        return chosen.choice("+-") * chosen.randint(1, 4) + part()
    if kind == 11:
        return "(" * (n := chosen.randint(1, 12)) + part() + ")" * n
    return f"({part()})"


def _damaged(chosen: random.Random, text: str, other: str) -> str:
    """``text`` after one to three accidents."""
    for _ in range(chosen.randint(1, 3)):
        pieces = TOKEN.findall(text) or ["x"]
        at = chosen.randrange(len(pieces))
        accident = chosen.randrange(7)
        if accident == 0:
            pieces.insert(at, chosen.choice(ALPHABET))
        elif accident == 1:
            pieces[at] = chosen.choice(ALPHABET)
        elif accident == 2:
            del pieces[at : at + chosen.randint(1, 3)]
        elif accident == 3:
            pieces[at:at] = pieces[at : at + chosen.randint(1, 5)] * chosen.randint(1, 30)
        elif accident == 4:
            there = chosen.randrange(len(pieces))
            pieces[at], pieces[there] = pieces[there], pieces[at]
        elif accident == 5:
            pieces[at:at] = TOKEN.findall(other)[: chosen.randint(1, 20)]
        else:
            pieces = pieces[:at]
        text = "".join(pieces)
    return text


def _generated(seed: int) -> Iterator[str]:
    """Sensible texts, wild ones, damaged ones, and heaps of signs, in turn."""
    chosen, sensible = random.Random(seed), _texts(seed)
    while True:
        wild = _wild(chosen, chosen.randint(1, 5))
        yield next(sensible)
        yield wild
        yield _damaged(chosen, next(sensible), wild)
        yield _damaged(chosen, wild, next(sensible))
        yield "".join(chosen.choices(ALPHABET, k=chosen.randint(1, 60)))


def check_refusal(text: str, refusal: str) -> None:
    """One sentence that names a column; where it points at a place, the caret is below it."""
    sentence, *pointer = refusal.split("\n")
    assert re.search(r"column [0-9]+", sentence), (text, refusal)
    assert sentence.isprintable(), (text, refusal)
    assert len(sentence) < 500, (text, refusal)
    if pointer:
        shown, caret = pointer
        assert shown.isprintable(), (text, refusal)
        assert caret.strip(" ") == "^", (text, refusal)
        assert len(caret) <= 2 * len(shown) + 1, (text, refusal)
        assert len(shown) < 90, (text, refusal)


def _runs(text: str, x: np.ndarray, *, kernels: bool = True) -> bool:
    """Whether ``text`` is a formula; raises unless it works or is refused as it should be."""
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
        check_refusal(text, str(error))
        return False
    return True


@dataclass
class Fuzzed:
    """What came of a run: texts that are formulas, and the worst of each measure."""

    accepted: int = 0
    seconds: float = 0.0  # for one text
    megabytes: float = 0.0  # for one text, of those that were traced
    grown: float = 0.0  # megabytes of the process, over the run, but for compiling
    compiling: float = 0.0  # megabytes that compiling left behind, mostly LLVM's
    compiled: int = 0


def _fuzz(count: int, seed: int, traced: int = 20) -> Fuzzed:
    """Try ``count`` generated texts; raises whatever is not ours, and what takes too much.

    One in ten is compiled, which is what takes time. One in ``traced`` has its memory traced.
    """
    found, texts = Fuzzed(), _generated(seed)
    before = _resident()
    for i in range(count):
        text = next(texts)
        trace = i % traced == 0
        if trace:
            tracemalloc.start()
        compiles = i % 10 == 1
        held, begun = _resident() if compiles else 0.0, time.process_time()
        accepted = _runs(text, NEAR, kernels=compiles)
        found.accepted += accepted
        found.seconds = max(found.seconds, took := time.process_time() - begun)
        if trace:
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            found.megabytes = max(found.megabytes, peak)
            assert peak < 50, text
        if compiles:
            found.compiling += _resident() - held
            found.compiled += accepted
        assert took < 2.0, text
    found.grown = _resident() - before - found.compiling
    return found


def _resident() -> float:
    """The memory that the process holds now, in megabytes; 0 where the system does not tell."""
    told = Path("/proc/self/statm")
    if not told.exists():
        return 0.0
    return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_two_thousand_generated_texts_raise_nothing_but_ours() -> None:
    assert _fuzz(2000, 7).accepted > 300


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_generated_texts_raise_nothing_but_ours() -> None:
    found = _fuzz(100_000, 11)
    print(found)
    assert found.accepted > 10_000
    assert found.grown < 300
    assert found.compiling < found.compiled * 2


def test_the_fuzzer_notices_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    here, real = sys.modules[__name__], build

    def breaks(name: str, text: str, parameters: Any) -> Any:
        if "exp" in text:
            raise RecursionError(text)
        return real(name, text, parameters)

    monkeypatch.setattr(here, "build", breaks)
    with pytest.raises(RecursionError):
        _fuzz(50, 7)

    def grows(name: str, text: str, parameters: Any) -> Any:
        np.ones(10_000_000)
        return real(name, text, parameters)

    monkeypatch.setattr(here, "build", grows)
    with pytest.raises(AssertionError):
        _fuzz(5, 7, traced=1)


@pytest.mark.parametrize(
    "refusal",
    [
        "it cannot be read",
        "at column 3: no\n  x",
        "at column 3: no\n  x\n  ^\n",
        "at column 3: no\n  x\n  v",
        "at column 3: no\x1b[31m",
        "at column 3: no\n  \ud800\n  ^",
    ],
)
def test_a_refusal_that_is_none_is_noticed(refusal: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check_refusal("x", refusal)


@pytest.mark.parametrize(
    ("text", "caret"),
    [("x*tan(expp(x))", 6), ("漢+x", 0), ("x+漢", 2), ("x+1+\u0301", 4), ("x+" * 200 + "?", 400)],
)
def test_the_caret_stands_below_the_place(text: str, caret: int) -> None:
    with pytest.raises(BadFormula) as refused:
        build("f", text, {})
    check_refusal(text, str(refused.value))
    sentence, shown, line = str(refused.value).split("\n")
    assert f"column {caret + 1}:" in sentence
    assert not line[:-1].strip()
    if len(text) < 72:
        assert shown[len(line) - 1] == (text[caret] if text[caret].isalnum() else "?")
    else:
        assert shown[len(line) - 1] == "?"
        assert shown.startswith("  ...")


def test_wide_characters_move_the_caret() -> None:
    # A terminal gives each of these two columns.
    with pytest.raises(BadFormula) as refused:
        build("f", "x漢", {})
    assert str(refused.value).split("\n")[1:] == ["  x漢", "   ^"]
    from ogive.functions.formula_parse import _pointed

    assert _pointed("漢漢x", 2) == "  漢漢x\n      ^"
    assert _pointed("x\n\tx", 3) == "  x  x\n     ^"


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
