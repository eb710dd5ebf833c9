"""The calls of activation functions in the Python code of a model: ``F.relu(x)``, ``x.relu()``.

The source of a method is read and its names are resolved as Python would, through globals and
closures, into helper functions too. The same walk later writes the code anew with some of the
calls exchanged, so a call has one key: function, line, column.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ogive.torch.known import Function, Known, by_values, functions, methods, takes_one
from torch import nn

UNKNOWN = object()
AROUND = "_ogive_around"
FOREIGN = ("torch", "ogive", "numpy", "builtins")  # whose functions are not read


@dataclass(frozen=True)
class Call:
    """A place in the code where an activation function is named.

    ``key`` tells it from all others of the class; ``first`` to ``last`` are its lines in ``file``.
    ``own`` says that it stands in a method, where ``self`` is at hand.
    """

    key: str
    name: str
    function: Function
    file: str
    first: int
    last: int
    inplace: bool
    arguments: tuple[str, ...]
    method: str | None
    own: bool


@dataclass(frozen=True)
class Read:
    """A function's syntax tree, and how its names are resolved."""

    function: FunctionType
    tree: ast.FunctionDef
    shift: int  # to be added to a line of the tree to get the line in the file
    owner: type[nn.Module] | None

    @property
    def first_argument(self) -> str | None:
        """The name of ``self`` in a method."""
        arguments = [*self.tree.args.posonlyargs, *self.tree.args.args]
        return arguments[0].arg if self.owner is not None and arguments else None

    @cached_property
    def locals(self) -> set[str]:
        """The names that the function assigns, its arguments included."""
        stored = {
            n.id
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        }
        given = {n.arg for n in ast.walk(self.tree) if isinstance(n, ast.arg)}
        imported = {
            (a.asname or a.name).partition(".")[0]
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Import | ast.ImportFrom)
            for a in n.names
        }
        return stored | given | imported

    def resolve(self, node: ast.expr) -> Any:
        """What a name, or a name's attribute, stands for; ``UNKNOWN`` where that is open."""
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if not isinstance(node, ast.Attribute):
            return UNKNOWN
        if isinstance(node.value, ast.Name) and node.value.id == self.first_argument:
            found = inspect.getattr_static(self.owner, node.attr, UNKNOWN)
            return found if isinstance(found, FunctionType) else UNKNOWN
        base = self.resolve(node.value)
        if isinstance(base, ModuleType) or (isinstance(base, type) and base.__name__ == "Tensor"):
            return getattr(base, node.attr, UNKNOWN)
        return UNKNOWN

    def _name(self, name: str) -> Any:
        code, cells = self.function.__code__, self.function.__closure__ or ()
        if name in code.co_freevars:
            try:
                return cells[code.co_freevars.index(name)].cell_contents
            except ValueError:  # not yet filled
                return UNKNOWN
        return UNKNOWN if name in self.locals else self.function.__globals__.get(name, UNKNOWN)


@lru_cache(maxsize=4096)
def read(function: FunctionType, owner: type[nn.Module] | None = None) -> Read | None:
    """The source of ``function``; None where it cannot be had, or is not that of its code."""
    code = function.__code__
    try:
        lines, start = inspect.getsourcelines(code)
        indented = lines[0][:1].isspace()
        text = "".join(["if 1:\n", *lines] if indented else lines)
        body = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    if indented and isinstance(body, ast.If):
        body = body.body[0]
    if not isinstance(body, ast.FunctionDef) or body.name != code.co_name:
        return None
    given = [a.arg for a in [*body.args.posonlyargs, *body.args.args]]
    if given != list(code.co_varnames[: code.co_argcount]):
        return None
    found = Read(function, body, start - 1 - indented, owner)
    # A file that was edited since it was imported tells of other code than the one that runs.
    try:
        again = compiled(found, body, ())
    except (SyntaxError, ValueError):
        return None
    return found if set(again.co_names) <= set(code.co_names) else None


def methods_of(kind: type[nn.Module]) -> tuple[dict[str, Read], bool]:
    """The methods that ``forward`` of this class runs, by name; and whether all can be read."""
    found: dict[str, Read] = {}
    open_names, complete = ["forward"], True
    while open_names:
        name = open_names.pop()
        function = inspect.getattr_static(kind, name, None)
        if name in found or not isinstance(function, FunctionType):
            continue
        text = read(function, kind)  # type: ignore[arg-type]
        if text is None:
            complete = False
            continue
        found[name] = text
        for one in _family(text):
            open_names += [
                n.attr
                for n in ast.walk(one.tree)
                if isinstance(n, ast.Attribute)
                and isinstance(n.value, ast.Name)
                and n.value.id == one.first_argument
            ]
    return found, complete


def _family(text: Read) -> Iterator[Read]:
    """The method, what it wraps where it is decorated, and its parents' that it calls."""
    yield text
    wrapped = getattr(text.function, "__wrapped__", None)
    inner = [wrapped] if isinstance(wrapped, FunctionType) else []
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Attribute) and _is_super(node.value):
            parent = _of_parent(text, node.attr)
            inner += [parent] if parent is not None else []
    for function in inner:
        one = read(function, text.owner)  # type: ignore[arg-type]
        if one is not None:
            yield from _family(one)


def _of_parent(text: Read, name: str) -> FunctionType | None:
    """The function that ``super().name`` is in this method, if it is the model's author's."""
    code, owner = text.function.__code__, text.owner
    if "__class__" not in code.co_freevars or owner is None:
        return None
    cells = text.function.__closure__ or ()
    kinds = list(owner.__mro__)
    defining = cells[code.co_freevars.index("__class__")].cell_contents
    for kind in kinds[kinds.index(defining) + 1 :] if defining in kinds else []:
        if name in vars(kind):
            found = vars(kind)[name]
            foreign = kind.__module__.split(".")[0] in FOREIGN
            return found if isinstance(found, FunctionType) and not foreign else None
    return None


def places(text: Read, seen: tuple[Any, ...] = ()) -> Iterator[tuple[ast.expr, Call | Read]]:
    """The nodes of ``text`` that name an activation, or a helper whose code names some."""
    called = {id(n.func): n for n in ast.walk(text.tree) if isinstance(n, ast.Call)}
    for node in ast.walk(text.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        call = called.get(id(node))
        value = text.resolve(node)
        if isinstance(node, ast.Attribute) and _is_super(node.value):
            value = _of_parent(text, node.attr) or UNKNOWN
        if isinstance(value, FunctionType) and value not in functions():
            helper = _helper(text, node, value, (*seen, text.function))
            if helper is not None:
                function = None if helper.owner is not None else whole(helper.function)
                if function is None:
                    yield node, helper
                else:  # an activation by itself, such as x * sigmoid(x)
                    yield node, _at(text, node, call, value.__name__, function, False, (), None)
        elif value is not UNKNOWN:
            known = functions().get(value) if _hashable(value) else None
            if known is not None:
                yield node, _call(text, node, call, known, None)
        elif isinstance(node, ast.Attribute) and call is not None and node.attr in methods():
            own = isinstance(node.value, ast.Name) and node.value.id == text.first_argument
            if not own and not _is_super(node.value):
                yield node, _call(text, node, call, methods()[node.attr], node.attr)


def calls(text: Read, seen: tuple[Any, ...] = ()) -> Iterator[Call]:
    """All calls in the code, those in helpers included."""
    for _, place in places(text, seen):
        if isinstance(place, Call):
            yield place
        else:
            yield from calls(place, (*seen, text.function))


def _helper(text: Read, node: ast.expr, value: FunctionType, seen: tuple[Any, ...]) -> Read | None:
    """The code of another function that names activations, if it is the model's author's."""
    above = isinstance(node, ast.Attribute) and _is_super(node.value)
    if isinstance(node, ast.Attribute) and text.resolve(node.value) is UNKNOWN and not above:
        return None  # a method of self, which is read on its own
    room = str(value.__globals__.get("__name__", ""))
    in_closure = isinstance(node, ast.Name) and node.id in text.function.__code__.co_freevars
    foreign = room.split(".", maxsplit=1)[0] in FOREIGN and not (above or in_closure)
    if value in seen or foreign:
        return None
    # What a decorator wraps is a method too, as is a parent's.
    method = above or value is getattr(text.function, "__wrapped__", None)
    helper = read(value, text.owner if method else None)  # type: ignore[arg-type]
    return helper if helper is not None and any(True for _ in calls(helper, seen)) else None


@lru_cache(maxsize=1024)
def whole(function: FunctionType) -> Function | None:
    """The catalogue's function that a Python function of one argument computes, if any."""
    return by_values(function) if takes_one(function) else None


def _call(
    text: Read, node: ast.expr, call: ast.Call | None, known: Known, method: str | None
) -> Call:
    given: dict[str, Any] = {}
    if call is not None:
        plain = call.args if method else call.args[1:]
        pairs = [*zip(known.arguments, plain, strict=False)]
        pairs += [(k.arg, k.value) for k in call.keywords if k.arg]
        for name, value in pairs:
            try:
                given[name] = ast.literal_eval(value)
            except (ValueError, TypeError):
                given[name] = None  # known only at run time
    inplace = known.inplace or given.get("inplace") is True
    function = known.function({k: v for k, v in given.items() if v is not None})
    return _at(text, node, call, known.name, function, inplace, known.arguments, method)


def _at(
    text: Read,
    node: ast.expr,
    call: ast.Call | None,
    name: str,
    function: Function,
    inplace: bool,
    arguments: tuple[str, ...],
    method: str | None,
) -> Call:
    whole_call = call if call is not None else node
    code = text.function.__code__
    first = whole_call.lineno + text.shift
    return Call(
        key=f"{code.co_qualname}:{first}:{node.col_offset}:{node.end_col_offset}",
        name=name,
        function=function,
        file=code.co_filename,
        first=first,
        last=(whole_call.end_lineno or whole_call.lineno) + text.shift,
        inplace=inplace,
        arguments=arguments,
        method=method,
        own=text.owner is not None,
    )


def _hashable(value: Any) -> bool:
    return getattr(type(value), "__hash__", None) is not None and callable(value)


def _is_super(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
    )


def compiled(text: Read, tree: ast.FunctionDef, extra: tuple[str, ...]) -> CodeType:
    """The code of ``tree``, which may use ``extra`` names from a closure."""
    code = text.function.__code__
    bare = _without_annotations(tree)
    ast.increment_lineno(ast.fix_missing_locations(bare), text.shift)
    outer = ", ".join(dict.fromkeys([*code.co_freevars, *extra]))
    parts = code.co_qualname.split(".")
    around = ast.parse(f"def {AROUND}({outer}): pass").body[0]
    assert isinstance(around, ast.FunctionDef)
    around.body = [bare]
    if len(parts) > 1 and parts[-2] != "<locals>":
        # Names such as self.__x are mangled with the name of the class.
        within = ast.parse(f"class {parts[-2]}: pass").body[0]
        assert isinstance(within, ast.ClassDef)
        within.body, around.body = [bare], [within]
    made = compile(ast.Module([around], []), code.co_filename, "exec", dont_inherit=True)
    return _inner(made, code.co_name)


def _inner(code: CodeType, name: str) -> CodeType:
    """The code of the function called ``name`` that was written around and within a class."""
    (level,) = (c for c in code.co_consts if isinstance(c, CodeType))
    while True:
        (level,) = (c for c in level.co_consts if isinstance(c, CodeType))
        if level.co_name == name:
            return level


def _without_annotations(tree: ast.FunctionDef) -> ast.FunctionDef:
    """A copy without decorators, annotations and defaults: those of the function are kept."""
    bare = copy.deepcopy(tree)
    bare.decorator_list, bare.returns = [], None
    given = bare.args
    for one in [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]:
        if one is not None:
            one.annotation = None
    given.defaults = []
    given.kw_defaults = [None for _ in given.kwonlyargs]
    return bare
