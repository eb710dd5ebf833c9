"""An expression as a graph of operations: what is compiled, differentiated and counted.

Calling an expression with a :class:`Node` in place of the array records what is done to it.
Equal parts are one node. A parameter is a node too and knows its value, so that a definition
may choose between forms by comparing parameters; such a choice is made when the graph is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from ogive.numerics.exact import Exact

CONSTANT, PARAMETER, INPUT = "constant", "parameter", "x"
COMPARISONS = {
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


class Node:
    """An operation on other nodes; ``number`` is the value of a constant or a parameter."""

    __slots__ = ("graph", "key", "number", "operands", "operation", "place")
    key: tuple[Any, ...]

    def __init__(
        self, graph: Graph, operation: str, operands: tuple[Node, ...], number: float | None
    ) -> None:
        self.graph, self.operation, self.operands = graph, operation, operands
        self.number = number
        self.place = len(graph.nodes)

    @staticmethod
    def elementary(name: str, *operands: Any) -> Any:
        """The node of an elementary function; what the dispatch of that module looks for."""
        graph = next(o.graph for o in operands if isinstance(o, Node))
        return graph.make(name, *operands)

    @property
    def fixed(self) -> bool:
        """Whether it is a constant, a parameter, or made of these alone."""
        return self.number is not None or (
            self.operation != INPUT and all(o.fixed for o in self.operands)
        )

    def __neg__(self) -> Node:
        return cast("Node", self.graph.make("negative", self))

    def __abs__(self) -> Node:
        return cast("Node", self.graph.make("abs", self))

    def _binary(name: str, swapped: bool = False) -> Any:  # type: ignore[misc]
        if swapped:
            return lambda self, other: self.graph.make(name, other, self)
        return lambda self, other: self.graph.make(name, self, other)

    __add__, __radd__ = _binary("add"), _binary("add", True)
    __mul__, __rmul__ = _binary("multiply"), _binary("multiply", True)
    __sub__, __rsub__ = _binary("subtract"), _binary("subtract", True)
    __truediv__, __rtruediv__ = _binary("divide"), _binary("divide", True)
    __pow__, __rpow__ = _binary("power"), _binary("power", True)
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __eq__, __ne__ = _binary("equal"), _binary("not_equal")
    __and__, __or__ = _binary("and"), _binary("or")
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if self.fixed:
            return bool(self.graph.make("not_equal", self, 0.0))
        raise TypeError("which way an expression takes may not depend on x; use where")


class Graph:
    """Nodes in the order they were made, so that operands come first."""

    def __init__(self, settings: Iterable[float] = ()) -> None:
        self.settings = tuple(settings)
        self.nodes: list[Node] = []
        self._known: dict[tuple[Any, ...], Node] = {}
        self.choices: list[tuple[str, Node, Node, bool]] = []
        self.only: tuple[float, ...] | None = None  # where it holds its settings as constants
        self._apart = False  # whether numbers that are compared are taken to differ
        self.x = self._add((INPUT,), INPUT, ())
        self.parameters = tuple(
            self._add((PARAMETER, i), PARAMETER, (), value) for i, value in enumerate(settings)
        )

    def _add(
        self,
        key: tuple[Any, ...],
        operation: str,
        operands: tuple[Node, ...],
        number: float | None = None,
    ) -> Node:
        if key not in self._known:
            node = Node(self, operation, operands, number)
            node.key = key
            self._known[key] = node
            self.nodes.append(node)
        return self._known[key]

    def suits(self, settings: tuple[float, ...]) -> bool:
        """Whether other settings would have led to the same graph."""

        if self.only is not None:
            return settings == self.only
        return len(settings) == len(self.parameters) and all(
            COMPARISONS[how](interpret(a, 0.0, settings), interpret(b, 0.0, settings)) == answer
            for how, a, b, answer in self.choices
        )

    def constant(self, value: float) -> Node:
        """The node of a number."""
        rest = value.rest if isinstance(value, Exact) else 0.0
        # repr tells 0.0 from -0.0, which compare equal.
        key = (CONSTANT, repr(float(value)), rest)
        return self._add(key, CONSTANT, (), value)

    def node(self, value: Any) -> Node:
        """``value`` as a node of this graph."""
        return value if isinstance(value, Node) else self.constant(cast("float", value))

    def make(self, operation: str, *operands: Any) -> Any:
        """The node of ``operation``; a comparison of numbers alone is answered at once."""
        given = tuple(map(self.node, operands))
        if operation in COMPARISONS and all(g.fixed for g in given):
            if self._apart and operation in ("equal", "not_equal"):
                return operation == "not_equal"
            answer = COMPARISONS[operation](*(interpret(g, 0.0, self.settings) for g in given))
            self.choices.append((operation, given[0], given[1], bool(answer)))
            return bool(answer)
        if operation == "where" and isinstance(operands[0], bool):
            return operands[1] if operands[0] else operands[2]
        if operation == "power":
            return self._power(*given)
        return self._add((operation, *(g.place for g in given)), operation, given)

    def without_equality(self, expressions: Sequence[Callable[..., Any]]) -> list[Node]:
        """The nodes of ``expression(x, *settings)`` as if no parameter had a special value."""
        self._apart = True
        try:
            return [self.node(expression(self.x, *self.parameters)) for expression in expressions]
        finally:
            self._apart = False

    def _power(self, base: Node, power: Node) -> Node:
        number = power.number
        if power.operation == CONSTANT and number is not None and abs(number) <= WHOLE:
            if float(number).is_integer():
                return self._whole(base, int(number))
            if number == 0.5:
                return cast("Node", self.make("sqrt", base))
        return self._add(("power", base.place, power.place), "power", (base, power))

    def _whole(self, base: Node, power: int) -> Node:
        if power < 0:
            return cast("Node", 1.0 / self._whole(base, -power))
        if power == 0:
            return self.constant(1.0)
        half = self._whole(base, power // 2) if power > 1 else base
        if power == 1:
            return base
        return cast("Node", half * half * base if power % 2 else half * half)


WHOLE = 64  # whole powers up to this are products


def trace(
    expressions: Sequence[Callable[..., Any]], settings: tuple[float, ...] = ()
) -> list[Node]:
    """The nodes of each ``expression(x, *settings)``, in one graph, x and settings being nodes.

    Expressions that cannot take their settings as nodes (they hand them to ``math``, say) get
    them as numbers. Raises :class:`TypeError` or :class:`AttributeError` where they also cannot
    take a node for x, because they are not written over :mod:`ogive.numerics.elementary`.
    """
    graph = Graph(settings)
    try:
        return [graph.node(expression(graph.x, *graph.parameters)) for expression in expressions]
    except (TypeError, AttributeError, ValueError):
        graph = Graph()
        graph.only = settings
        return [graph.node(expression(graph.x, *settings)) for expression in expressions]


def needed(*results: Node) -> list[Node]:
    """The nodes that ``results`` are made of, operands first."""
    wanted: set[int] = set()
    waiting = list(results)
    while waiting:
        node = waiting.pop()
        if node.place not in wanted:
            wanted.add(node.place)
            waiting += node.operands
    return [node for node in results[0].graph.nodes if node.place in wanted]


def interpret(result: Node, x: Any, settings: tuple[float, ...]) -> Any:
    """The value of ``result`` for an array of any kind, by its elementary functions."""
    made: dict[int, Any] = {}
    for node in needed(result):
        if node.operation == INPUT:
            made[node.place] = x
        elif node.operation == PARAMETER:
            made[node.place] = settings[node.key[1]]
        elif node.operation == CONSTANT:
            made[node.place] = float(node.number or 0.0)
        else:
            made[node.place] = operation(node)(*(made[o.place] for o in node.operands))
    found = made[result.place]
    return x * 0 + found if hasattr(x, "shape") and not hasattr(found, "shape") else found


def operation(node: Node) -> Callable[..., Any]:
    """What ``node`` does to its operands, arrays of any kind or numbers."""
    from ogive.numerics import elementary

    own = _OPERATORS.get(node.operation)
    return own or getattr(elementary, _SPELT.get(node.operation, node.operation))


_SPELT = {"abs": "absolute"}
_OPERATORS: dict[str, Callable[..., Any]] = {
    **COMPARISONS,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negative": lambda a: -a,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
}
