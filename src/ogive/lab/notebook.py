"""A marimo notebook as a list of cells: read without running it, or run with its outputs."""

from __future__ import annotations

import ast
import importlib.util
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ogive.errors import OgiveError

INSTALL = 'pip install "ogive[lab]"'
TOUR, PLAYGROUND = (Path(__file__).with_name(name) for name in ("tour.py", "playground.py"))


@dataclass(frozen=True)
class Cell:
    """A cell: ``source`` is Python, or Markdown where ``prose``; ``hidden`` code is not shown.

    ``defines`` are the names it assigns, and ``output`` is what its last line gave
    when it was run. ``setup`` is the cell of imports, which has no output.
    """

    source: str
    prose: bool
    hidden: bool
    defines: frozenset[str] = frozenset()
    setup: bool = False
    output: Any = None


def need_marimo(verb: str) -> None:
    """Raises :class:`OgiveError` where marimo is not installed."""
    if importlib.util.find_spec("marimo") is None:
        raise OgiveError(f"`ogive {verb}` runs on marimo, which is not installed; {INSTALL}")


def cells(path: Path) -> list[Cell]:
    """The cells of a notebook, in the order of the file; nothing is run.

    Raises :class:`OgiveError` for a file that cannot be read or holds no marimo notebook.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise OgiveError(
            f"{path} cannot be read as a notebook ({error}); name a copy that `ogive tour` made"
        ) from None
    found = []
    for node in tree.body:
        if isinstance(node, ast.With) and ast.unparse(node.items[0]) == "app.setup":
            found.append(Cell(_source(text, node.body), False, False, setup=True))
        elif isinstance(node, ast.FunctionDef) and _is_cell(node):
            last = node.body[-1]
            kept = node.body[:-1] if isinstance(last, ast.Return) else node.body
            hidden = "hide_code=True" in ast.unparse(node.decorator_list[0])
            prose = _prose(kept)
            source = _source(text, kept) if prose is None else prose
            found.append(Cell(source, prose is not None, hidden, _names(kept)))
    if not found:
        raise OgiveError(f"{path} holds no marimo cell; name a copy that `ogive tour` made")
    return found


def _is_cell(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(one).startswith("app.cell") for one in node.decorator_list)


def _names(body: list[ast.stmt]) -> frozenset[str]:
    """What a cell assigns, but for its own names, which begin with an underscore."""
    assigned = (
        node.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    return frozenset(name for name in assigned if not name.startswith("_"))


def _source(text: str, body: list[ast.stmt]) -> str:
    lines = text.splitlines()
    # Comments at the end of the last line belong to it.
    return textwrap.dedent("\n".join(lines[body[0].lineno - 1 : body[-1].end_lineno]))


def _prose(body: list[ast.stmt]) -> str | None:
    """The Markdown of a cell that is a single ``mo.md("...")``."""
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        return None
    call = body[0].value
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "mo.md":
        return None
    first = call.args[0]
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return None
    return textwrap.dedent(first.value).strip()


def run(path: Path, settings: dict[str, Any] | None = None) -> list[Cell]:
    """The cells with their outputs, run without a server; ``settings`` replace definitions.

    Raises what a cell raises, and as :func:`cells` does.
    """
    need_marimo("tour --export")
    read = cells(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, _ = module.app.run(defs=settings) if settings else module.app.run()
    given = set(settings or ())  # a cell whose definitions are given is not run
    ran = [i for i, cell in enumerate(read) if not cell.setup and not cell.defines & given]
    if len(ran) != len(outputs):
        raise OgiveError(
            f"{path} holds cells of another kind than the tour's, such as functions of its own, "
            "which cannot be written down; put them into ordinary cells"
        )
    shown = dict(zip(ran, outputs, strict=True))
    return [replace(cell, output=shown.get(i)) for i, cell in enumerate(read)]
