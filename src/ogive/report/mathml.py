"""A formula of the catalogue in print: MathML, which browsers draw by themselves."""

from __future__ import annotations

import ast
import html
from collections.abc import Callable

_LETTERS = [
    "alpha",
    "α",
    "beta",
    "β",
    "gamma",
    "γ",
    "delta",
    "δ",
    "theta",
    "θ",
    "lambd",
    "λ",
    "sigma",
    "σ",
    "mu",
    "μ",
    "pi",
    "π",
]
GREEK = dict(zip(_LETTERS[::2], _LETTERS[1::2], strict=True))
FUNCTIONS = {"log": "ln", "atan": "arctan", "asinh": "arsinh"}  # others keep their names
POWERED = {"sin", "cos", "tan", "tanh"}  # their square is written at the name
SIGNS = {
    ast.Gt: "&gt;",
    ast.GtE: "≥",
    ast.Lt: "&lt;",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
}
TIMES, DOT = "<mo>&#8290;</mo>", "<mo>·</mo>"  # unseen, seen
SPACE = TIMES + '<mspace width="0.17em"/>'  # before tanh(x)
APPLY = "<mo>&#8289;</mo>"  # unseen: f of x
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
# Words between a formula and what is said of it, in functions along an axis.
JOINTS = (" with ", " followed by ", " such that ")


def mathml(formula: str, left: str = "f(x)") -> str:
    """``<math>`` of ``left = formula``, a formula in Python's notation.

    What is no expression (words of the functions along an axis) stays text.
    """
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'
        f"<mrow>{_text_or_math(left)}<mo>=</mo>{_text_or_math(formula)}</mrow></math>"
    )


def _text_or_math(text: str) -> str:
    for joint in JOINTS:
        before, found, after = text.partition(joint)
        if found:
            words = f"<mtext>&#160;{joint.strip()}&#160;</mtext>"
            return _text_or_math(before) + words + _text_or_math(after)
    text = text.replace(" for j)", " for j in j)")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return f"<mtext>{html.escape(text)}</mtext>"
    for leaf in ast.walk(tree):
        if isinstance(leaf, ast.Constant):  # with every digit that is written
            leaf.value = ast.get_source_segment(text, leaf) or ""
    return _row(tree)


def _row(node: ast.expr) -> str:
    return f"<mrow>{_print(node)}</mrow>"


def _print(node: ast.expr, least: int = 0) -> str:
    """``node``, in brackets where it binds less than ``least``."""
    binds, shown = _bound(node)
    return _brackets(shown) if binds < least else shown


def _brackets(shown: str) -> str:
    return f"<mrow><mo>(</mo>{shown}<mo>)</mo></mrow>"


def _bound(node: ast.expr) -> tuple[int, str]:
    """How strongly ``node`` binds, and its print."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _SIGN, f"<mrow><mo>−</mo>{_print(inner, _PRODUCT)}</mrow>"
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in SIGNS:
            return 0, f"{_print(left)}<mo>{SIGNS[type(sign)]}</mo>{_print(right)}"
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(left, op, right)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments)
    return _ATOM, _leaf(node)


def _leaf(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=value):
            return f"<mn>{html.escape(str(value))}</mn>"
        case ast.Name(id=name):
            return _name(name)
        case ast.Tuple(elts=elements):
            return "<mo>,</mo>".join(map(_print, elements))
        case ast.Subscript(value=value, slice=place):
            return f"<msub>{_row(value)}{_row(place)}</msub>"
    return f"<mtext>{html.escape(ast.unparse(node))}</mtext>"


def _name(name: str) -> str:
    head, _, rest = name.partition("_")
    if rest and (head in GREEK or len(head) == 1):
        return f"<msub><mi>{GREEK.get(head, head)}</mi><mi>{html.escape(rest)}</mi></msub>"
    return f"<mi>{html.escape(GREEK.get(name, name))}</mi>"


def _operation(left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[int, str]:
    match op:
        case ast.Add():
            return _SUM, f"{_print(left, _SUM)}<mo>+</mo>{_print(right, _SUM)}"
        case ast.Sub():
            return _SUM, f"{_print(left, _SUM)}<mo>−</mo>{_print(right, _PRODUCT)}"
        case ast.Div():
            return _PRODUCT, f"<mfrac>{_row(left)}{_row(right)}</mfrac>"
        case ast.Mult():
            dot = DOT if _needs_dot(left, right) else SPACE if _is_named(right) else TIMES
            return _PRODUCT, _factor(left) + dot + _factor(right)
        case ast.Pow():
            return _power(left, right)
    return 0, f"<mtext>{html.escape(ast.unparse(ast.BinOp(left, op, right)))}</mtext>"


def _factor(node: ast.expr) -> str:
    shown = _print(node, _PRODUCT)
    return _brackets(shown) if _is_call(node, "where") else shown


def _power(base: ast.expr, exponent: ast.expr) -> tuple[int, str]:
    match base:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in POWERED:
            head = f"<msup><mi>{name}</mi>{_row(exponent)}</msup>"
            return _ATOM, head + APPLY + _arguments(arguments)
    return _POWER, f"<msup><mrow>{_print(base, _ATOM)}</mrow>{_row(exponent)}</msup>"


def _needs_dot(left: ast.expr, right: ast.expr) -> bool:
    """Whether two factors side by side could be read as one name or number."""
    return _edge(left, last=True) or _edge(right, last=False) or _is_call(right, "min", "max")


def _edge(node: ast.expr, last: bool) -> bool:
    """Whether the first or last sign of a factor is a long name, or the first a number."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _edge(right if last else left, last)
        case ast.BinOp(left=base, op=ast.Pow()):
            return _edge(base, last)
        case ast.Name(id=name):
            return len(name.partition("_")[0]) > 1 and name.partition("_")[0] not in GREEK
        case ast.Constant():
            return not last
    return False


def _is_call(node: ast.expr, *names: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in names
    return False


def _is_named(node: ast.expr) -> bool:
    """Whether the print of a factor begins with the name of a function."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Pow()):
            return _is_named(left)
        case ast.Call(func=ast.Name(id=name)):
            return name not in _OWN
    return False


def _arguments(arguments: list[ast.expr]) -> str:
    return _brackets("<mo>,</mo>".join(map(_print, arguments)))


def _call(name: str, arguments: list[ast.expr]) -> tuple[int, str]:
    if name in _OWN:
        return _OWN[name](arguments)
    shown = _name(FUNCTIONS.get(name, name))
    return _ATOM, f"<mrow>{shown}{APPLY}{_arguments(arguments)}</mrow>"


def _exponential(arguments: list[ast.expr]) -> tuple[int, str]:
    return _POWER, f"<msup><mi>e</mi>{_row(arguments[0])}</msup>"


def _root(arguments: list[ast.expr]) -> tuple[int, str]:
    return _ATOM, f"<msqrt>{_row(arguments[0])}</msqrt>"


def _absolute(arguments: list[ast.expr]) -> tuple[int, str]:
    bar = '<mo stretchy="true">|</mo>'
    return _ATOM, f"<mrow>{bar}{_print(arguments[0])}{bar}</mrow>"


def _cases(arguments: list[ast.expr]) -> tuple[int, str]:
    rows = []
    while True:
        condition, value, other = arguments
        rows.append((_row(value), f"<mtext>if&#160;</mtext>{_row(condition)}"))
        match other:
            case ast.Call(func=ast.Name(id="where"), args=inner):
                arguments = inner
            case _:
                break
    rows.append((_row(other), "<mtext>otherwise</mtext>"))
    cell = '<mtd style="text-align: left">{}</mtd>'
    table = "".join(f"<mtr>{''.join(map(cell.format, row))}</mtr>" for row in rows)
    return _ATOM, f"<mrow><mo>{{</mo><mtable>{table}</mtable></mrow>"


def _total(arguments: list[ast.expr]) -> tuple[int, str]:
    match arguments:
        case [ast.GeneratorExp(elt=element, generators=[ast.comprehension(target=ast.Name(id=i))])]:
            shown = f"<munder><mo>∑</mo><mi>{i}</mi></munder>{_print(element, _PRODUCT)}"
            return _PRODUCT, f"<mrow>{shown}</mrow>"
    return _ATOM, f"<mrow><mi>sum</mi>{APPLY}{_arguments(arguments)}</mrow>"


_OWN: dict[str, Callable[[list[ast.expr]], tuple[int, str]]] = {
    "exp": _exponential,
    "sqrt": _root,
    "abs": _absolute,
    "where": _cases,
    "sum": _total,
}
