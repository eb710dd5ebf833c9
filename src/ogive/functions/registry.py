"""The catalogue's index: names, aliases, and the text form ``elu:alpha=0.5``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ogive.errors import BadParameter, OgiveError, UnknownName, nearest
from ogive.functions.activation import Activation, Definition

if TYPE_CHECKING:
    from ogive.functions.vector import AxisFunction

_entries: dict[str, Definition] = {}
_along_axis: dict[str, AxisFunction] = {}
_formulas: dict[str, Definition] = {}
_aliases: dict[str, str] = {}


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def register(definition: Definition) -> Definition:
    """Add an elementwise entry; raises :class:`OgiveError` if its name or an alias is taken."""
    _claim(definition)
    _entries[definition.name] = definition
    return definition


def register_axis(function: AxisFunction) -> AxisFunction:
    """Add a function that works along an axis; raises as :func:`register` does."""
    _claim(function)
    _along_axis[function.name] = function
    return function


def register_formula(definition: Definition) -> Definition:
    """Add a function defined by a formula, in place of one defined under that name before.

    Raises :class:`OgiveError` for a name of the catalogue.
    """
    if definition.name not in _formulas:
        _claim(definition)
    _formulas[definition.name] = definition
    return definition


def _claim(entry: Definition | AxisFunction) -> None:
    wanted = (entry.name, *entry.aliases)
    for name in wanted:
        if name != _plain(name) or not name.isidentifier():
            raise OgiveError(f"{name!r} is no catalogue name; use lower case and underscores")
        if any(name in taken for taken in (_entries, _along_axis, _formulas, _aliases)):
            owner = _aliases.get(name, name)
            raise OgiveError(f"{name!r} is already the name of {owner}; choose another")
    if len(set(wanted)) < len(wanted):
        raise OgiveError(f"{entry.name!r} gives a name twice; give each name once")
    _aliases.update(dict.fromkeys(entry.aliases, entry.name))


def holds(definition: Definition) -> bool:
    """Whether this very definition is in the catalogue, to which formulas do not belong."""
    return _entries.get(definition.name) is definition


def entries() -> list[Definition | AxisFunction]:
    """Every entry, elementwise or along an axis, sorted by name."""
    everything: dict[str, Definition | AxisFunction] = {
        **_entries,
        **_along_axis,
        **_formulas,
    }
    return [everything[name] for name in sorted(everything)]


def names(family: str | None = None) -> list[str]:
    """The catalogue's names, sorted; only those of ``family`` where given.

    Raises :class:`UnknownName` for a family that does not exist.
    """
    chosen = [e.name for e in entries() if family in (None, e.family)]
    if not chosen:
        raise UnknownName(
            f"there is no family {family!r}; the families are {', '.join(families())}"
        )
    return chosen


def families() -> list[str]:
    """The catalogue's families, sorted."""
    return sorted({e.family for e in entries()})


def aliases() -> dict[str, str]:
    """Every alias and the entry it stands for."""
    return dict(_aliases)


def _canonical(name: str) -> str:
    plain = _plain(name)
    return _aliases.get(plain, plain)


def definition(name: str) -> Definition:
    """The elementwise entry called ``name`` (or with that alias).

    Raises :class:`UnknownName`, also for a function that works along an axis.
    """
    found = _entries.get(_canonical(name)) or _formulas.get(_canonical(name))
    if found is not None:
        return found
    if _canonical(name) in _along_axis:
        raise UnknownName(
            f"{name!r} works along an axis, over several numbers at once, so it cannot stand "
            f"where an elementwise function is needed; name one of `ogive list`"
        )
    close = nearest(_plain(name), [*_entries, *_along_axis, *_formulas, *_aliases])
    raise UnknownName(f"there is no function {name!r}{close}; `ogive list` shows them all")


def find(name: str | Activation, **parameters: Any) -> Activation | AxisFunction:
    """The catalogue's function called ``name``: like :func:`get`, but softmax is found too."""
    if isinstance(name, str) and _canonical(name.partition(":")[0]) in _along_axis:
        head, *parts = name.split(":")
        function = _along_axis[_canonical(head)]
        given = _settings(name, parts, parameters)
        if given and not function.parameters:
            raise BadParameter(
                f"{head} has no parameters; it takes its axis in the call: f(x, axis=-1)"
            )
        return function.of(given)
    return get(name, **parameters)


def _settings(name: str, parts: list[str], parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters written in ``name`` as ``parts``, and those given beside it."""
    found: dict[str, Any] = {}
    for part in parts:
        key, equals, value = (s.strip() for s in part.partition("="))
        if not (key and equals and value):
            raise BadParameter(
                f"{name!r}: {part!r} is no parameter; write it as name=number, for example "
                f"elu:alpha=0.5"
            )
        if key in found or key in parameters:
            raise BadParameter(f"{name!r} gives {key} twice; give it once")
        found[key] = value
    return {**found, **parameters}


def get(name: str | Activation, **parameters: Any) -> Activation:
    """The activation called ``name``, with its parameters set.

    ``get("elu", alpha=0.5)`` and ``get("elu:alpha=0.5")`` are the same. An :class:`Activation`
    is returned with the given parameters changed. A formula stands for itself, and other names
    than x in it are its parameters: ``get("x*tanh(exp(x))")``, ``get("x*tanh(a*x):a=2")``.

    Raises :class:`UnknownName` for an unknown name (naming the nearest) or one that works along
    an axis, :class:`BadParameter` for an unknown parameter, one out of bounds, or one given twice,
    and :class:`BadFormula` for a formula that cannot be read.
    """
    from ogive.functions.formula import from_text
    from ogive.functions.formula_parse import is_formula

    if isinstance(name, Activation):
        return Activation.of(name.definition, {**name.parameters, **parameters})
    if not isinstance(name, str):
        raise UnknownName(
            f"a function is named by text, not by {type(name).__name__}; write for example 'relu'"
        )
    head, *parts = name.split(":")
    formula = is_formula(name)
    if formula and not all("=" in part for part in parts):
        head, parts = name, []  # the formula's own message points at the colon
    entry = None if formula else definition(head)
    settings = _settings(name, parts, parameters)
    return from_text(head, settings) if entry is None else Activation.of(entry, settings)
