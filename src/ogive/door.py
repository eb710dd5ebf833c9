"""The one permitted look upwards.

Imports point one way, from the command line down to the numerics. A record's ``.plot``,
``.report``, ``.card`` or ``.module`` nevertheless opens a room above its own; it does so here,
by name and on first use.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def room(name: str) -> ModuleType:
    """The module ``ogive.<name>``, imported on first use."""
    return importlib.import_module(f"ogive.{name}")
