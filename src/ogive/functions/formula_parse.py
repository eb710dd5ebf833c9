"""From the text of a formula to its tree: a tokenizer and a precedence climber of our own.

Nothing of the text is ever executed. The grammar, loosest first::

    comparison   a < b, a <= b, a > b, a >= b, a == b, a != b     (first in where only)
    sum          a + b, a - b
    product      a * b, a / b
    sign         -a, +a
    power        a ** b                                           (from the right)
    operand      number, x, pi, e, a parameter, f(a, ...), (a)
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from ogive.errors import BadFormula, nearest
from ogive.functions.formula_tree import COMPARE, ZERO, Node, constant, name, node, number

MOST_CHARACTERS = 1000
MOST_NODES = 500
MOST_DEPTH = 50  # of brackets, signs and powers in each other, and of the tree twice that
MOST_POWER = 1000
SHOWN = 72  # characters of a long formula that are shown above the caret

CONSTANTS = {"pi": math.pi, "e": math.e}
# Name in a formula -> the tree's operation; all of one operand.
FUNCTIONS = {
    **{
        own: own
        for own in (
            *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "atan", "sinh"),
            *("cosh", "tanh", "asinh", "erf", "erfc", "abs", "sign", "logistic", "softplus"),
        )
    },
    "ln": "log",
    "arctan": "atan",
    "arcsinh": "asinh",
    "absolute": "abs",
    "fabs": "abs",
    "sigmoid": "logistic",
    "expit": "logistic",
}
EXTREMES = {"max": "max", "maximum": "max", "min": "min", "minimum": "min"}
KNOWN = sorted({*FUNCTIONS, *EXTREMES, *CONSTANTS, "relu", "where", "x"})

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/()<>,]))"
)
_COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER = range(1, 6)
_BINDING = {
    **dict.fromkeys(COMPARE, _COMPARISON),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/", _PRODUCT),
    "**": _POWER,
}
_MENDS = {
    "^": "a power is written **",
    "=": "two sides are compared with ==",
    "%": "there is no remainder here",
    "&": "conditions are combined by a where inside a where",
    "|": "conditions are combined by a where inside a where",
    "[": "brackets are round here",
    "{": "brackets are round here",
    "−": "minus is written -",
    "×": "times is written *",
    "·": "times is written *",
    "÷": "division is written /",
    "π": "write pi",
    "²": "a square is written **2",
    ":": "parameters follow the formula, as in x*tanh(a*x):a=2",
}


@dataclass(frozen=True)
class Token:
    """A piece of the text: its kind (number, name, sign, end), the text and its place from 0."""

    kind: str
    text: str
    at: int

    @property
    def shown(self) -> str:
        """The text in quotes, cut where it is long."""
        return repr(short(self.text))


def short(text: str, most: int = 40) -> str:
    """``text``, cut to ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def parse(text: str, parameters: tuple[str, ...] = ()) -> Node:
    """The tree of ``text``, as written: parts without a name in them are computed, no more.

    Raises :class:`BadFormula` for anything outside the grammar, anything too long, too deep or
    too large, and constants beyond float64. Its sentence names the column, and two more lines
    point at it.
    """
    if not isinstance(text, str):
        raise BadFormula(f"a formula is a text, not {type(text).__name__}; write 'x*tanh(x)'")
    if len(text) > MOST_CHARACTERS:
        raise BadFormula(
            f"the formula has {len(text)} characters and at most {MOST_CHARACTERS} are read, up "
            f"to column {MOST_CHARACTERS}; write a shorter one"
        )
    return _Parser(text, parameters).whole()


def _pointed(text: str, at: int) -> str:
    """Two lines: the text, or the part of it around place ``at``, and a caret below that place."""
    start = max(0, min(at - SHOWN // 2, len(text) - SHOWN))
    before, after = "..." if start else "", "..." if start + SHOWN < len(text) else ""
    shown = [_cell(c) for c in text[start : start + SHOWN]]
    left = len(before) + sum(width for _, width in shown[: at - start])
    return f"  {before}{''.join(c for c, _ in shown)}{after}\n  {' ' * left}^"


def _cell(character: str) -> tuple[str, int]:
    """A character as it can be shown in one line, and how many columns a terminal gives it."""
    if character.isspace():
        return " ", 1
    if not character.isprintable() or unicodedata.combining(character):
        return "?", 1
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


class _Parser:
    def __init__(self, text: str, parameters: tuple[str, ...]) -> None:
        self.text, self.parameters = text, parameters
        self.tokens = self._tokens()
        self.next = self.depth = 0
        self.depths: dict[Node, int] = {}

    def _refuse(self, at: int, why: str) -> NoReturn:
        start = max(0, at - 20)
        shown = self.text[start : at + 20]
        near = f"{'...' if start else ''}{shown}{'...' if at + 20 < len(self.text) else ''}"
        raise BadFormula(
            f"the formula {near!r} cannot be read at column {at + 1}: {why}\n"
            f"{_pointed(self.text, at)}"
        )

    def _tokens(self) -> list[Token]:
        found, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                odd = self.text[at]
                mend = _MENDS.get(odd, "write numbers, x, + - * / ** ( ) and functions such as exp")
                self._refuse(at, f"{odd!r} has no meaning here; {mend}")
            kind = str(match.lastgroup)
            found.append(Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return [*found, Token("end", "the end", len(self.text))]

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def _take(self) -> Token:
        taken = self.token
        self.next += 1
        return taken

    def _expect(self, sign: str, why: str) -> None:
        if self.token.text != sign or self.token.kind != "sign":
            self._refuse(self.token.at, f"{why}; write {sign!r} before {self.token.shown}")
        self.next += 1

    def whole(self) -> Node:
        if self.token.kind == "end":
            raise BadFormula("the formula is empty, with nothing at column 1; write 'x*tanh(x)'")
        made = self._value()
        if self.token.kind != "end":
            self._unexpected("the formula should end here or go on with an operator")
        return made

    def _unexpected(self, why: str) -> NoReturn:
        odd = self.token
        mend = ""
        if odd.kind in {"number", "name"} or odd.text == "(":
            mend = "; a product is written with *"
        elif odd.text == ")" and self.depth == 0:
            mend = "; this bracket was never opened"
        elif odd.text == ",":
            mend = "; a comma only stands inside the brackets of a function"
        self._refuse(odd.at, f"{odd.shown} is unexpected; {why}{mend}")

    def _value(self) -> Node:
        """An expression that is a number, not a condition."""
        at = self.token.at
        made = self._climb(_SUM)
        if self.token.text in COMPARE:
            self._refuse(
                self.token.at,
                f"a comparison is no number; write it first in where(condition, a, b), instead "
                f"of {self.text[at : at + 20]!r}",
            )
        return made

    def _condition(self) -> Node:
        left = self._climb(_SUM)
        sign = self._take()
        if sign.kind != "sign" or sign.text not in COMPARE:
            self._refuse(
                sign.at, "where needs a comparison first; write for example where(x > 0, x, 0)"
            )
        made = self._node(sign, sign.text, left, self._climb(_SUM))
        if self.token.text in COMPARE:
            self._refuse(
                self.token.at, "comparisons cannot be chained; write a where inside a where"
            )
        return made

    def _climb(self, lowest: int) -> Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self._refuse(
                self.token.at, f"it is nested more than {MOST_DEPTH} deep; write a simpler formula"
            )
        left = self._operand()
        while self.token.kind == "sign" and lowest <= _BINDING.get(self.token.text, 0) != 1:
            sign = self._take()
            binding = _BINDING[sign.text]
            # A power binds from the right: 2**3**2 is 2**(3**2).
            right = self._climb(_SIGN if binding == _POWER else binding + 1)
            left = self._node(sign, sign.text, left, right)
        self.depth -= 1
        return left

    def _operand(self) -> Node:
        token = self._take()
        if token.kind == "number":
            value = float(token.text)
            if math.isinf(value):
                self._refuse(token.at, "the number is larger than a float64; write a smaller one")
            return number(value)
        if token.kind == "name":
            return self._call(token) if self.token.text == "(" else self._named(token)
        if token.text in {"+", "-"}:
            inner = self._climb(_POWER)
            return inner if token.text == "+" else self._node(token, "neg", inner)
        if token.text == "(":
            made = self._value()
            self._expect(")", f"the bracket opened at column {token.at + 1} is not closed")
            return made
        self.next -= 1
        if token.text == "**" or token.kind == "end" or token.text in _BINDING:
            self._refuse(token.at, f"a number, x or a function is missing before {token.shown}")
        return self._unexpected("a number, x or a function should stand here")

    def _named(self, token: Token) -> Node:
        if token.text == "x" or token.text in self.parameters:
            return name(token.text)
        if token.text in CONSTANTS:
            return number(CONSTANTS[token.text])
        if token.text in KNOWN:
            self._refuse(
                token.at, f"{token.text} is a function; write {token.text}(...) with brackets"
            )
        close = nearest(token.text, [*KNOWN, *self.parameters])
        own = short(token.text)
        return self._refuse(
            token.at,
            f"{token.shown} is no name known here{close}; write x, a number, or give it a value: "
            f"formula:{own}=1, or define(name, formula, {own}=1.0) in Python",
        )

    def _call(self, token: Token) -> Node:
        if token.text not in FUNCTIONS and token.text not in {*EXTREMES, "relu", "where"}:
            close = nearest(token.text, KNOWN)
            self._refuse(token.at, f"there is no function {token.shown}{close}")
        self.next += 1
        wants = 3 if token.text == "where" else 2 if token.text in EXTREMES else 1
        given: list[Node] = []
        if self.token.text != ")":
            given.append(self._condition() if token.text == "where" else self._value())
            while self.token.text == ",":
                self.next += 1
                given.append(self._value())
        if self.token.text != ")":
            self._expect(")", f"the bracket of {token.text} is not closed")
        more = token.text in EXTREMES and len(given) > wants
        if len(given) != wants and not more:
            self._refuse(
                token.at,
                f"{token.text} takes {wants} {'number' if wants == 1 else 'parts'}, and "
                f"{len(given)} {'is' if len(given) == 1 else 'are'} given",
            )
        self.next += 1
        if token.text == "where":
            return self._node(token, "where", *given)
        if token.text == "relu":
            return self._node(token, "max", given[0], ZERO)
        if token.text not in EXTREMES:
            return self._node(token, FUNCTIONS[token.text], given[0])
        made = given[0]
        for other in given[1:]:
            made = self._node(token, EXTREMES[token.text], made, other)
        return made

    def _node(self, token: Token, operation: str, *operands: Node) -> Node:
        """The node, with its constants computed and its size watched."""
        values = [o.value for o in operands]
        if operation == "**" and isinstance(values[1], float) and not isinstance(values[0], float):
            if abs(values[1]) > MOST_POWER:
                self._refuse(
                    token.at,
                    f"the power {values[1]:g} is too large; at most {MOST_POWER} can be used",
                )
            if values[1] == 1:
                return operands[0]
        if operation not in {"where", *COMPARE} and all(isinstance(v, float) for v in values):
            found = constant(operation, *(float(v) for v in values if v is not None))
            if not math.isfinite(found):
                self._refuse(
                    token.at,
                    "the constant that comes out here is no finite number; write another",
                )
            return number(found)
        made = node(operation, *operands)
        self.depths[made] = 1 + max(self.depths.get(o, 0) for o in operands)
        if self.depths[made] > 2 * MOST_DEPTH:
            self._refuse(
                token.at,
                f"more than {2 * MOST_DEPTH} operations are made on top of each other; bracket "
                "long sums in groups, or write a simpler formula",
            )
        if len(self.depths) > MOST_NODES:
            self._refuse(token.at, f"it has more than {MOST_NODES} operations; write a simpler one")
        return made


def split(text: str) -> list[str]:
    """The parts of ``text`` between commas that stand outside brackets, without empty ones."""
    found, depth = [""], 0
    for c in text:
        depth = max(0, depth + (c == "(") - (c == ")"))
        if c == "," and depth == 0:
            found.append("")
        else:
            found[-1] += c
    return [part.strip() for part in found if part.strip()]


def is_formula(text: str) -> bool:
    """Whether ``text`` reads as a formula rather than as a name of the catalogue.

    Parameters may follow either: ``x*tanh(a*x):a=2``.
    """
    return re.search(r"[()*/+<>^]|\bx\b", text.partition(":")[0], re.ASCII) is not None
