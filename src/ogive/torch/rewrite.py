"""A class like a model's own whose code calls other activations.

The class is a subclass made for the purpose, as ``torch.nn.utils.parametrize`` makes one, with the
methods that name an activation written anew from their source: ``F.relu(x)`` becomes a call of
what takes its place, and nothing else changes. So the code can be compiled, traced and trained
like any other; tracebacks name the lines of the original. Copies and pickles carry the original
class and the plan, and make the subclass again.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from torch.fx import Proxy

import torch
from ogive.torch.calls import Call, Read, compiled, methods_of, places
from ogive.torch.known import functions
from torch import Tensor, nn

Plan = tuple[tuple[str, Any], ...]  # (key of a call, what takes its place)
PREFIX = "_ogive_"


@dataclass(frozen=True)
class Held:
    """In a plan: the call goes to the submodule of that name, which has weights of its own."""

    name: str


class Called:
    """A function or module as one step of a graph that ``torch.fx`` traces."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function, self.__name__ = function, type(function).__name__

    def __call__(self, x: Tensor) -> Tensor:
        return self.function(x)


class Redirected:
    """Called as a function of PyTorch is, and applies ``function`` in its place.

    What the caller says besides the input is dropped, but for ``inplace`` and ``out``.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], call: Call) -> None:
        self.function, self.inplace, self.method = function, call.inplace, call.method
        names = call.arguments
        self.place = names.index("inplace") if "inplace" in names else len(names) + 1

    def __call__(self, input: Any, *given: Any, **named: Any) -> Any:
        if self.method is not None and not isinstance(input, Tensor | Proxy):
            return self._other(input, given, named)
        inplace = self.inplace or bool(named.get("inplace"))
        if len(given) > self.place:
            inplace = inplace or bool(given[self.place])
        if named.get("out") is not None:
            return named["out"].copy_(self._applied(input))
        return overwritten(self._applied, input) if inplace else self._applied(input)

    def _applied(self, x: Any) -> Any:
        if isinstance(x, Proxy):
            return x.tracer.create_proxy("call_function", Called(self.function), (x,), {})
        return self.function(x)

    def _other(self, owner: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """``owner.relu(...)`` where the owner is no tensor, but perhaps a module of functions."""
        assert self.method is not None
        found = getattr(owner, self.method)
        if isinstance(owner, ModuleType) and found in functions():
            return Redirected.__call__(_Plainly(self), *given, **named)
        return found(*given, **named)


class _Plainly(Redirected):
    """The same for a call that is no method."""

    def __init__(self, other: Redirected) -> None:
        self.function, self.inplace, self.method = other.function, other.inplace, None
        self.place = other.place


def overwritten(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function`` in place: x holds the result. A copy of x is kept for the gradient."""
    made = function(x.clone() if torch.is_grad_enabled() else x)
    return x.copy_(made)


def base_of(kind: type[nn.Module]) -> type[nn.Module]:
    """The class that a rewritten one stands for; any other is its own."""
    found: type[nn.Module] = vars(kind).get("_ogive_base", kind)
    return found


def plan_of(kind: type[nn.Module]) -> Plan:
    """What a rewritten class exchanges."""
    found: Plan = vars(kind).get("_ogive_plan", ())
    return found


def rewritten(base: type[nn.Module], plan: Plan) -> type[nn.Module]:
    """A subclass of ``base`` that calls what ``plan`` says."""
    texts, _ = methods_of(base)
    wanted = dict(plan)
    made = {name: _function(text, wanted) for name, text in texts.items()}
    members: dict[str, Any] = {name: f for name, f in made.items() if f is not None}
    members |= {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
        "__reduce_ex__": _reduce,
        "_ogive_base": base,
        "_ogive_plan": plan,
    }
    return type(base.__name__, (base,), members)


def _reduce(self: nn.Module, protocol: Any) -> Any:
    kind: Any = next(k for k in type(self).__mro__ if "_ogive_plan" in vars(k))
    made = super(kind, self).__reduce_ex__(protocol)
    return (_restored, (base_of(kind), plan_of(kind)), *made[2:])


def _restored(base: type[nn.Module], plan: Plan) -> nn.Module:
    kind = rewritten(base, plan)
    return kind.__new__(kind)


def _function(text: Read, wanted: dict[str, Any]) -> FunctionType | None:
    """The function with its calls exchanged, or None where there is nothing to exchange."""
    exchanged: dict[int, ast.expr] = {}
    held: dict[str, Any] = {}
    for node, place in places(text):
        name = f"{PREFIX}{len(held)}"
        if isinstance(place, Read):
            helper = _function(place, wanted)
            if helper is not None:
                held[name] = helper
                exchanged[id(node)] = ast.Name(name, ast.Load())
                if isinstance(node, ast.Attribute) and place.owner is not None:
                    # A parent's method, called by super(): it is bound to self by hand.
                    held[name] = functools.partial(MethodType, helper)
                    exchanged[id(node)] = _of_self(text, name)
        elif place.key in wanted:
            target = wanted[place.key]
            if isinstance(target, Held):
                # The submodule goes through the same door, for inplace and out.
                held[name] = Through(place)
                submodule = ast.Attribute(
                    ast.Name(str(text.first_argument), ast.Load()), target.name, ast.Load()
                )
                exchanged[id(node)] = ast.Call(ast.Name(name, ast.Load()), [submodule], [])
            else:
                held[name] = Redirected(target, place)
                exchanged[id(node)] = ast.Name(name, ast.Load())
    if not held:
        return None
    methods = {id(n) for n, p in places(text) if isinstance(p, Call) and p.method is not None}
    twins: dict[int, Any] = {}
    tree = copy.deepcopy(text.tree, twins)
    marked = {id(twins[old]): new for old, new in exchanged.items()}
    tree = _Exchange(marked, {id(twins[old]) for old in methods}).visit(tree)
    code = compiled(text, tree, tuple(held))
    original = text.function
    cells = dict(zip(original.__code__.co_freevars, original.__closure__ or (), strict=True))
    cells |= {name: CellType(value) for name, value in held.items()}
    made = FunctionType(
        code,
        original.__globals__,
        original.__name__,
        original.__defaults__,
        tuple(cells[name] for name in code.co_freevars),
    )
    made.__kwdefaults__ = original.__kwdefaults__
    made.__dict__.update(original.__dict__)
    made.__doc__, made.__module__ = original.__doc__, original.__module__
    made.__qualname__, made.__annotations__ = original.__qualname__, original.__annotations__
    return made


def _of_self(text: Read, name: str) -> ast.expr:
    """The expression ``name(self)``."""
    own = ast.Name(str(text.first_argument), ast.Load())
    return ast.Call(ast.Name(name, ast.Load()), [own], [])


class Through:
    """Makes, at the call, what stands for a function of PyTorch from a submodule."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, module: nn.Module) -> Redirected:
        return Redirected(module, self.call)


class _Exchange(ast.NodeTransformer):
    """Puts new expressions in the place of marked ones; a method's object becomes an argument."""

    def __init__(self, exchanged: dict[int, ast.expr], methods: set[int]) -> None:
        self.exchanged, self.methods = exchanged, methods

    def visit_Call(self, node: ast.Call) -> ast.AST:
        marked = id(node.func)
        if marked in self.exchanged and marked in self.methods:
            assert isinstance(node.func, ast.Attribute)
            node.args.insert(0, node.func.value)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._exchanged(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._exchanged(node) if id(node) in self.exchanged else self.generic_visit(node)

    def _exchanged(self, node: ast.expr) -> ast.expr:
        new = self.exchanged.get(id(node))
        return node if new is None else ast.copy_location(new, node)
