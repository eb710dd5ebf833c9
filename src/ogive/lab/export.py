"""The tour written down: one HTML page that needs nothing outside itself, or a Jupyter notebook."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ogive.errors import OgiveError
from ogive.lab.notebook import TOUR, Cell, run
from ogive.lab.shown import Evidence, environment, safe, shown_html, styled_html
from ogive.report.written import written

PAGE, JUPYTER = (".html", ".htm"), (".ipynb",)
_HEADING = re.compile(r"<h2>((\w+)\. .*?)</h2>")


def check(path: Path) -> None:
    """Before the notebook runs: raises :class:`OgiveError` for a file that cannot be written."""
    if path.suffix.lower() not in (*PAGE, *JUPYTER):
        raise OgiveError(
            f"--export {path} has another suffix than .html or .ipynb; name a page such as "
            "tour.html, or a notebook such as tour.ipynb"
        )
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise OgiveError(f"--export {path} cannot be written: name a file in a folder that exists")


def export(path: Path, notebook: Path = TOUR, settings: dict[str, Any] | None = None) -> Path:
    """Run ``notebook`` and write it to ``path`` with its outputs, by the suffix.

    Raises :class:`OgiveError` for another suffix, a file that cannot be written, and where
    marimo is not installed.
    """
    check(path)
    ran = run(notebook, settings)
    return written(page(ran) if path.suffix.lower() in PAGE else jupyter(ran), path)


def page(ran: Sequence[Cell]) -> str:
    """The cells as one HTML page, without a script and without any request."""
    parts = []
    # Imports come first in the file, but a page begins with its title.
    first = next((i for i, cell in enumerate(ran) if cell.prose), 0)
    for cell in [ran[first], *ran[:first], *ran[first + 1 :]]:
        if cell.prose:
            parts.append({"kind": "prose", "html": safe(_markdown(cell.source))})
            continue
        if not cell.hidden:
            parts.append({"kind": "code", "source": cell.source})
        if cell.output is not None:
            parts.append({"kind": "output", "html": safe(output_html(cell.output))})
    chapters = [
        {"id": key.lower(), "title": safe(title)}
        for part in parts
        if part["kind"] == "prose"
        for title, key in re.findall(r'<h2 id="\w+">((\w+)\. .*?)</h2>', str(part["html"]))
    ]
    view = {"title": "The tour of activation functions", "parts": parts, "chapters": chapters}
    return environment().get_template("tour.html").render(view=view).lstrip()


def _markdown(source: str) -> str:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark").render(source)
    return _HEADING.sub(lambda found: f'<h2 id="{found[2].lower()}">{found[1]}</h2>', made)


def output_html(output: Any) -> str:
    """What a cell gave, as HTML that stands by itself; a slider as its value in words."""
    if isinstance(output, Evidence):
        return shown_html(output)
    if _is_control(output):
        label = re.sub(r"<[^>]*>", "", str(output._args.label)) or "control"
        return (
            f'<p class="note">{html.escape(label)}: {html.escape(str(output.value))} here; in the '
            "copy that <code>ogive tour</code> opens it can be dragged.</p>"
        )
    shown = getattr(output, "text", None)  # marimo's own HTML, such as mo.md(...)
    if isinstance(shown, str) and "<marimo-" not in shown:
        return shown
    rich = getattr(output, "_repr_html_", None)
    if rich is not None:
        return f'<div class="scroll" tabindex="0" role="group" aria-label="Result">{rich()}</div>'
    return f"<pre>{html.escape(repr(output))}</pre>"


def _is_control(output: Any) -> bool:
    return hasattr(output, "value") and hasattr(output, "_args") and hasattr(output, "text")


def jupyter(ran: Sequence[Cell]) -> str:
    """The cells as a Jupyter notebook (nbformat 4.5), with the outputs as HTML."""
    made: list[dict[str, Any]] = []
    for i, cell in enumerate(ran):
        base = {"id": f"cell-{i}", "source": cell.source.splitlines(keepends=True)}
        if cell.prose:
            made.append({**base, "cell_type": "markdown", "metadata": {}})
            continue
        hidden = {"jupyter": {"source_hidden": True}} if cell.hidden else {}
        made.append(
            {
                **base,
                "cell_type": "code",
                "metadata": hidden,
                "execution_count": None,
                "outputs": [] if cell.output is None else [_jupyter_output(cell.output)],
            }
        )
    document = {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _jupyter_output(output: Any) -> dict[str, Any]:
    body = styled_html(output) if isinstance(output, Evidence) else output_html(output)
    data = {
        "text/html": body.splitlines(keepends=True),
        "text/plain": [f"<{type(output).__name__}>"],
    }
    return {"output_type": "display_data", "metadata": {}, "data": data}
