"""What was measured of a function, as the published files tell it: accuracy and speed."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
PEERS = {"ogive": "Ogive", "torch": "PyTorch", "jax": "JAX"}
FLOATS = ("float32", "float64", "float16", "bfloat16")
# The heading of a table of medians in docs/speed.md, and what its cells hold.
_HEADING = re.compile(r"^### (\d+) threads?, (float\d+), 2\^(\d+), (forward|backward)$")
TIMED = ((14, "16 thousand"), (20, "1 million"))  # sizes shown, one thread, float32


@functools.cache
def _accuracy() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "accuracy.json").read_text())
    return found


def judged() -> str:
    """When and with what the accuracy was judged."""
    about = _accuracy()["about"]
    versions = about["versions"]
    return f"{about['date']}, PyTorch {versions['torch']}, JAX {versions['jax']}"


def error(tally: dict[str, Any] | None) -> str:
    """The largest error in ULP, and the share of results that are not the nearest float."""
    if tally is None:
        return ""
    if tally["units"] is None:
        return "not finite"
    units = tally["units"]
    figure = f"{units:.2f}" if units < 1000 else f"{units:.1e}".replace("e+0", "e").replace("+", "")
    share = 100 * tally["misrounded"] / tally["inputs"]
    rounded = "0" if not share else "<0.001" if share < 0.001 else f"{share:.3g}"
    return f"{figure} ({rounded}%)" + (", NaN lost" if tally["broken"] else "")


def accuracy(name: str) -> list[dict[str, str]]:
    """The rows of the certificate for the function called ``name``, at every setting judged."""
    rows = [r for r in _accuracy()["rows"] if r["function"].partition(":")[0] == name]
    rows.sort(key=lambda r: (":" in r["function"], r["function"], FLOATS.index(r["float"])))
    peers = [p for p in PEERS if any(p in row for row in rows)]
    return [
        {
            "function": row["function"],
            "of": row["what"],
            "float": row["float"],
            "inputs": _count(row["ogive"]["inputs"]),
            **{PEERS[p]: error(row.get(p)) for p in peers},
        }
        for row in rows
    ]


def _count(number: int) -> str:
    """A count for people: 65,536; 1.7 million; 4.3 billion."""
    if number < 1e6:
        return f"{number:,}"
    return f"{number / 1e9:.2g} billion" if number >= 1e9 else f"{number / 1e6:.2g} million"


@dataclass(frozen=True)
class Medians:
    """One table of docs/speed.md: nanoseconds an element, a row for each function."""

    threads: int
    float: str
    power: int
    way: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@functools.cache
def medians(text: str | None = None) -> tuple[Medians, ...]:
    """The tables of medians in docs/speed.md (or in ``text``)."""
    lines = ((DOCS / "speed.md").read_text() if text is None else text).splitlines()
    found = []
    for at, line in enumerate(lines):
        heading = _HEADING.match(line)
        if not heading:
            continue
        table = []
        for row in lines[at + 1 :]:
            if row.startswith("#"):
                break
            if row.startswith("|"):
                table.append(_cells(row))
        threads, kind, power, way = heading.groups()
        head, _, *body = table
        rows = {row[0]: tuple(row[1:]) for row in body}
        found.append(Medians(int(threads), kind, int(power), way, tuple(head[1:]), rows))
    return tuple(found)


def measured() -> str:
    """On what the speed was measured, from docs/speed.md."""
    found = re.search(r"^- (On \S+?, .*?)\. The load", (DOCS / "speed.md").read_text(), re.M)
    return found.group(1) if found else ""


def speed(name: str) -> list[dict[str, str]]:
    """The fresh-result medians of ``name`` at float32 and one thread; empty if it was not timed."""
    shown = []
    for power, size in TIMED:
        for table in medians():
            if (table.threads, table.float, table.power) != (1, "float32", power):
                continue
            if name in table.rows:
                row = {"": f"{table.way}, {size} elements"}
                for column, cell in zip(table.columns, table.rows[name], strict=True):
                    # A last column of its own kind (a copy, a product) is the floor.
                    row[column if not column.startswith("a ") else "copy or product"] = (
                        cell.partition(" / ")[0]
                    )
                shown.append(row)
    return shown
