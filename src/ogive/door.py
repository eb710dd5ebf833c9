"""The public door, and the one permitted look upwards.

Imports point one way, from the command line down to the numerics. A record's ``.plot``,
``.report``, ``.card`` or ``.module`` nevertheless opens a room above its own, and so do the names
of ``ogive`` itself; they do so here, by name and on first use.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


def room(name: str) -> ModuleType:
    """The module ``ogive.<name>``, imported on first use."""
    return importlib.import_module(f"ogive.{name}")


def attribute(
    name: str, public: Mapping[str, tuple[str, str]], rooms: Iterable[str]
) -> tuple[Any, bool]:
    """What ``ogive.<name>`` is, and whether it stays so; a formula may be defined anew.

    ``public`` says in which module a name is found and what it is called there; every other name
    is one of ``rooms`` or of the catalogue. Raises :class:`AttributeError` for an unknown one.
    """
    if name in public:
        module, inner = public[name]
        return getattr(room(module), inner), True
    if name in rooms:
        return room(name), True
    if name == "__version__":
        return _version(), True
    reason = ""
    if not name.startswith("_"):
        try:
            found = room("functions.callables").catalogue_function(name)
        except room("errors").UnknownName as unknown:
            reason = f": {unknown}"
        else:
            return found, found.lasting
    raise AttributeError(f"module 'ogive' has no attribute {name!r}{reason}")


def listing(own: Iterable[str]) -> list[str]:
    """The names that ``dir(ogive)`` shows: its ``own``, and the catalogue's with aliases."""
    functions = room("functions")
    return sorted({*own, *functions.names(), *functions.aliases(), "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ogive")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"
