"""The catalogue's index: names, aliases, and the text form ``elu:alpha=0.5``."""

from __future__ import annotations

from typing import Any

from ogive.errors import BadParameter, OgiveError, UnknownName, nearest
from ogive.functions.activation import Activation, Definition

_entries: dict[str, Definition] = {}
_aliases: dict[str, str] = {}


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def register(definition: Definition) -> Definition:
    """Add an entry; raises :class:`OgiveError` if its name or an alias is taken."""
    for name in (definition.name, *definition.aliases):
        if name != _plain(name):
            raise OgiveError(f"{name!r} is no catalogue name; use lower case and underscores")
        if name in _entries or name in _aliases:
            owner = _aliases.get(name, name)
            raise OgiveError(f"{name!r} is already the name of {owner}; choose another")
    _entries[definition.name] = definition
    _aliases.update(dict.fromkeys(definition.aliases, definition.name))
    return definition


def holds(definition: Definition) -> bool:
    """Whether this very definition is in the catalogue."""
    return _entries.get(definition.name) is definition


def names(family: str | None = None) -> list[str]:
    """The catalogue's names, sorted; only those of ``family`` where given.

    Raises :class:`UnknownName` for a family that does not exist.
    """
    if family is None:
        return sorted(_entries)
    chosen = sorted(n for n, d in _entries.items() if d.family == family)
    if not chosen:
        known = families()
        raise UnknownName(
            f"there is no family {family!r}; the families are {', '.join(known)}"
        )
    return chosen


def families() -> list[str]:
    """The catalogue's families, sorted."""
    return sorted({d.family for d in _entries.values()})


def aliases() -> dict[str, str]:
    """Every alias and the entry it stands for."""
    return dict(_aliases)


def definition(name: str) -> Definition:
    """The entry called ``name`` (or with that alias); raises :class:`UnknownName`."""
    plain = _plain(name)
    found = _entries.get(_aliases.get(plain, plain))
    if found is None:
        close = nearest(plain, [*_entries, *_aliases])
        raise UnknownName(
            f"there is no function {name!r}{close}; `ogive list` shows them all"
        )
    return found


def get(name: str | Activation, **parameters: Any) -> Activation:
    """The activation called ``name``, with its parameters set.

    ``get("elu", alpha=0.5)`` and ``get("elu:alpha=0.5")`` are the same. An :class:`Activation`
    is returned with the given parameters changed.

    Raises :class:`UnknownName` for an unknown name (naming the nearest) and
    :class:`BadParameter` for an unknown parameter, one out of bounds, or one given twice.
    """
    if isinstance(name, Activation):
        return Activation.of(name.definition, {**name.parameters, **parameters})
    if not isinstance(name, str):
        raise UnknownName(f"a function is named by text, not by {type(name).__name__}")
    head, *parts = name.split(":")
    entry = definition(head)
    written: dict[str, Any] = {}
    for part in parts:
        key, equals, value = (s.strip() for s in part.partition("="))
        if not (key and equals and value):
            raise BadParameter(
                f"{name!r}: {part!r} is no parameter; write it as name=number, for example "
                f"elu:alpha=0.5"
            )
        if key in written or key in parameters:
            raise BadParameter(f"{name!r} gives {key} twice; give it once")
        written[key] = value
    return Activation.of(entry, {**written, **parameters})
