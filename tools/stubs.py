"""Write src/ogive/__init__.pyi: the types of everything that `import ogive` offers.

The functions are those of the catalogue, so a changed entry changes the file; a test holds the
two equal. Run as ``python tools/stubs.py`` (``--print`` shows the text and writes nothing).
"""

from __future__ import annotations

import keyword
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import ogive
from ogive.functions import Definition, aliases, registry
from ogive.functions.formula import FAMILY
from ogive.functions.vector import AxisFunction

Entry = Definition | AxisFunction
STUB = Path(__file__).parents[1] / "src" / "ogive" / "__init__.pyi"

HEAD = '''"""{document}"""

# Written by `python tools/stubs.py` from the catalogue. Change nothing here.

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from torch import Tensor as _Tensor

{imports}

class _JaxArray(Protocol):
    """What tells a JAX array (traced or not) from others, without importing JAX."""

    @property
    def aval(self) -> Any: ...
    @property
    def at(self) -> Any: ...
    @property
    def weak_type(self) -> bool: ...

class _Table(Protocol):
    """A column or a table of pandas or polars."""

    def to_numpy(self) -> Any: ...

_Jax = TypeVar("_Jax", bound=_JaxArray)
_Floating = TypeVar("_Floating", bound=np.floating[Any])
_Number = float | np.integer[Any] | np.bool
# Nested up to four deep; a type that holds itself would let any text pass.
_Row = Sequence[_Number]
_Lists = Sequence[_Number | Sequence[_Number | Sequence[_Number | _Row]]]
_Whole = NDArray[np.integer[Any]] | NDArray[np.bool]
_Mixed = _Table | Sequence[NDArray[Any]]

__version__: str
'''

# What comes in -> what comes out. The first that fits holds.
NUMBERS = (("_Floating", "_Floating"), ("_Number", "np.float64"))
TENSORS = (("_Tensor", "_Tensor"),)
JAX = (("_Jax", "_Jax"),)
ARRAYS = (
    ("NDArray[_Floating]", "NDArray[_Floating]"),
    ("_Whole | _Lists", "NDArray[np.float64]"),
    ("_Mixed", "NDArray[Any]"),
)


def stub(entries: Iterable[Entry], other_names: dict[str, str]) -> str:
    """The text of the file, for these ``entries`` and the aliases ``other_names``."""
    entries = list(entries)
    parts = [HEAD.format(document=ogive.__doc__, imports=_imports()), *_get(entries, other_names)]
    parts.append(_overloads("sum_of_sigmoids", ["offsets: Any"], (*TENSORS, *ARRAYS, *NUMBERS)))
    for entry in entries:
        parts.append(_entry(entry))
        parts += [
            f"{alias} = {entry.name}\n"
            for alias, name in sorted(other_names.items())
            if name == entry.name and alias.isidentifier() and not keyword.iskeyword(alias)
        ]
    return _formatted("\n".join(parts))


def _imports() -> str:
    own = {"get", "sum_of_sigmoids"}  # written out below
    lines = ["from ogive.functions.vector import AxisFunction as _AxisFunction"]
    lines += [f"from ogive import {room} as {room}" for room in ogive._ROOMS]
    for name, (module, inner) in ogive._PUBLIC.items():
        if name not in own:
            lines.append(f"from ogive.{module} import {inner} as {name}")
    return "\n".join(lines)


def _get(entries: list[Entry], other_names: dict[str, str]) -> list[str]:
    along = {e.name for e in entries if isinstance(e, AxisFunction)}
    names = sorted(along | {a for a, name in other_names.items() if name in along})
    literals = ", ".join(f'"{name}"' for name in names)
    return [
        f"_AlongAxis = Literal[{literals}]\n",
        "# Such a name is a str too; the first that fits holds.\n"
        "@overload\n"
        "def get(name: _AlongAxis) -> _AxisFunction: ...  # type: ignore[overload-overlap]\n",
        "@overload\n"
        "def get(name: str | Activation, **parameters: float) -> Activation:\n"
        f'    """{(registry.get.__doc__ or "").strip()}"""\n',
    ]


def _entry(entry: Entry) -> str:
    text = f"{entry.summary}\n\n    f(x) = {entry.formula}\n    "
    settings = [
        f"{p.name}: int = {int(p.default)}" if p.whole else f"{p.name}: float = {p.default!r}"
        for p in entry.parameters
    ]
    if isinstance(entry, AxisFunction):
        settings.insert(0, f"axis: int = {entry.usual_axis}")
        return _overloads(entry.name, settings, (*TENSORS, *JAX, *ARRAYS), text)
    return _overloads(entry.name, settings, (*TENSORS, *JAX, *ARRAYS, *NUMBERS), text)


def _overloads(
    name: str, settings: list[str], kinds: Iterable[tuple[str, str]], text: str = ""
) -> str:
    body = f'\n    """{text}"""' if text else " ..."
    lines = []
    for given, made in kinds:
        parameters = ", ".join([f"x: {given}", *settings])
        lines.append(f"@overload\ndef {name}({parameters}) -> {made}:{body}")
        body = " ..."
    return "\n".join(lines) + "\n"


def _formatted(text: str) -> str:
    for command in (["check", "--select", "I", "--fix-only", "-q"], ["format", "-q"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(STUB), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=STUB.parents[2],
        )
        text = done.stdout
    return text


def current() -> str:
    """The text for the catalogue as it is, without the formulas of this session."""
    return stub([e for e in registry.entries() if e.family != FAMILY], aliases())


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        print(current(), end="")
    else:
        STUB.write_text(current())
