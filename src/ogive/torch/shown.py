"""Records that show as a table: in a terminal, in a notebook, as a DataFrame."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

WIDTH = 120


class Shown:
    """A record with a title, rows (dicts of one set of keys) and notes."""

    def title(self) -> str:
        """One line above the table."""
        raise NotImplementedError

    def rows(self) -> list[dict[str, Any]]:
        """The lines of the table, with every figure."""
        raise NotImplementedError

    def lines(self) -> list[dict[str, str]]:
        """The lines as they are shown."""
        return [{k: _text(v) for k, v in row.items()} for row in self.rows()]

    def notes(self) -> list[str]:
        """Sentences below the table."""
        return []

    def table(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        lines = self.lines()
        parts: list[RenderableType] = [Text(self.title(), style="bold")]
        if lines:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for name in lines[0]:
                table.add_column(name, overflow="fold")
            for line in lines:
                table.add_row(*(Text(cell) for cell in line.values()))
            parts.append(table)
        return Group(*parts, *(Text(note) for note in self.notes()))

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=WIDTH, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def _repr_html_(self) -> str:
        def cells(values: Any, tag: str) -> str:
            inner = "".join(f"<{tag}>{html.escape(str(v))}</{tag}>" for v in values)
            return f"<tr>{inner}</tr>"

        lines = self.lines()
        head = cells(lines[0], "th") if lines else ""
        body = "".join(cells(line.values(), "td") for line in lines)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes())
        return f"<h4>{html.escape(self.title())}</h4><table>{head}{body}</table>{notes}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
