"""Records that show themselves: in a terminal, in a notebook, as a DataFrame."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_NUMBER = re.compile(r"[^\w(]*(?:\d|$)")  # nothing before the first digit, or none at all


class Printed:
    """What has a ``__rich__``; ``str`` of it is the same as plain text, ``WIDTH`` columns wide."""

    WIDTH: ClassVar[int] = 100

    def __rich__(self) -> RenderableType:
        raise NotImplementedError

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=self.WIDTH, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


class Sheet(Printed):
    """A record of lines, each a title and a text, below a heading and perhaps a sentence."""

    def rows(self) -> list[tuple[str, str]]:
        """The lines as pairs (title, text)."""
        raise NotImplementedError

    def _heading(self) -> str:
        raise NotImplementedError

    def _sentence(self) -> str:
        return ""

    def _below(self) -> list[RenderableType]:
        """What stands below the lines in a terminal."""
        return []

    def _below_html(self) -> str:
        """The same in a notebook."""
        return ""

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for title, text in self.rows():
            grid.add_row(title, Text(text))
        head = [Text(self._heading(), style="bold")]
        if self._sentence():
            head += [Text(self._sentence()), Text("")]
        return Group(*head, grid, *self._below())

    def _repr_html_(self) -> str:
        sentence = f"<p>{html.escape(self._sentence())}</p>" if self._sentence() else ""
        lines = "".join(cells(row, "td") for row in self.rows())
        return (
            f"<h4>{html.escape(self._heading())}</h4>{sentence}<table>{lines}</table>"
            f"{self._below_html()}"
        )


class Shown(Printed):
    """A record of a table: a title, rows (dicts of one set of keys) and notes."""

    WIDTH = 120

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

    def _repr_html_(self) -> str:
        lines = self.lines()
        sides = [_side([line[name] for line in lines]) for name in lines[0]] if lines else []
        head = cells(lines[0], "th", sides) if lines else ""
        body = "".join(cells(line.values(), "td", sides) for line in lines)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes())
        return f"<h4>{html.escape(self.title())}</h4><table>{head}{body}</table>{notes}"


def cells(values: Iterable[Any], tag: str, sides: Iterable[str] = repeat("left")) -> str:
    """A row of a table in HTML; notebooks would set every cell to the right."""
    inner = "".join(
        f'<{tag} style="text-align: {side}">{html.escape(str(v))}</{tag}>'
        for v, side in zip(values, sides, strict=False)
    )
    return f"<tr>{inner}</tr>"


def _side(column: Iterable[str]) -> str:
    """Where a column of a table stands: numbers, also after a bar or a sign, to the right."""
    return "right" if all(_NUMBER.match(text) for text in column) else "left"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def figure(number: float) -> str:
    """A number with six figures; a zero has no sign."""
    return f"{number + 0.0:.6g}"


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words with commas between; of more than ``most`` the rest is counted."""
    every = list(words)
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest
