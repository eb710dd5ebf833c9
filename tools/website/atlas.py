"""The atlas: a page for every function of the catalogue, and an index with small pictures."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import ogive
from ogive.errors import OgiveError
from ogive.functions import Definition, registry
from ogive.functions.activation import Activation, Source
from ogive.functions.documents import document
from ogive.functions.formula import FAMILY
from ogive.functions.vector import AxisFunction
from ogive.report.card import Card
from ogive.report.mathml import mathml
from website.figures import accuracy, judged, measured, speed
from website.pictures import picture, thumbnail

Entry = Definition | AxisFunction
FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX", "onnx": "ONNX", "timm": "timm"}
# Rows of a card that have a place of their own on the page.
ELSEWHERE = {"formula", "parameter", "source", "also called", "cost"}
FAMILIES = {
    "sigmoidal": "S-shapes: they saturate on both sides.",
    "rectified": "ReLU and its nearest: straight above 0, and little below.",
    "exponential": "Bent below 0 by an exponential.",
    "smooth": "Smooth relatives of ReLU, and other smooth curves.",
    "gated": "x times a gate that depends on x.",
    "periodic": "Functions that oscillate.",
    "shrinking": "Shrinking and thresholds.",
    "linear": "Straight pieces and no rectifier.",
    "along an axis": "Of several numbers at once; not elementwise.",
}


def entries() -> list[Entry]:
    """The catalogue; what a user typed is no part of it."""
    return [e for e in registry.entries() if e.family != FAMILY]


def write(folder: Path, chosen: Iterable[Entry] | None = None) -> list[str]:
    """Write the pages of ``chosen`` (of all entries) and the index; the names written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = list(entries() if chosen is None else chosen)
    for entry in written:
        (folder / f"{entry.name}.md").write_text(page(entry))
    (folder / "index.md").write_text(index(written))
    return [entry.name for entry in written]


def index(chosen: Sequence[Entry]) -> str:
    """The first page of the atlas: every function with a small picture, by family."""
    known = {e.family for e in chosen}
    ordered = [f for f in FAMILIES if f in known] + sorted(known - set(FAMILIES))
    count = len(chosen)
    parts = [
        "# Atlas",
        "",
        f"Each of the {count} functions of the catalogue has a page: its formula and picture, "
        "what is known of it and tried out, its names elsewhere, its accuracy and speed, and what "
        "it does in a deep network. The small pictures show the value from -4 to 4 and, thin, "
        "the slope.",
        "",
    ]
    for family in ordered:
        members = [e for e in chosen if e.family == family]
        tiles = "".join(
            f'<a class="tile" href="{e.name}.html">{thumbnail(e)}<span>{e.name}</span></a>'
            for e in members
        )
        parts += [
            f"## {family[0].upper()}{family[1:]}",
            "",
            FAMILIES.get(family, ""),
            "",
            f'<div class="tiles">{tiles}</div>',
            "",
            *_contents(members),
        ]
    others = sorted(registry.aliases().items())
    parts += ["## Other names", "", "A function is found under these names too.", ""]
    names = {e.name for e in chosen}
    parts += [f"- `{a}`: [{n}]({n}.md)" for a, n in others if n in names]
    return "\n".join(parts) + "\n"


def _contents(members: Sequence[Entry]) -> list[str]:
    return ["```{toctree}", ":hidden:", "", *(e.name for e in members), "```", ""]


def page(entry: Entry) -> str:
    """The page of ``entry`` in Markdown."""
    elementwise = isinstance(entry, Definition)
    parts = [f"# {entry.name}", "", entry.summary, ""]
    if entry.aliases:
        parts += [f"Also called {', '.join(f'`{a}`' for a in entry.aliases)}.", ""]
    parts += [f'<div class="formula">{mathml(entry.formula)}</div>', ""]
    parts += [picture(entry), ""]
    parts += _code(entry)
    if isinstance(entry, Definition):
        act = entry()
        card = act.card()
        parts += _parameters(entry)
        parts += ["## What is known of it", "", *_facts(card)]
    parts += _elsewhere(entry)
    if elementwise:
        parts += _theory(entry())
        parts += _accuracy(entry.name)
        parts += _speed(entry())
    parts += ["## Source", "", _source(entry.source), ""]
    return "\n".join(parts) + "\n"


def _code(entry: Entry) -> list[str]:
    call = document(entry).partition("Example:\n\n")[2]
    wrapped = ["## In code", "", "```pycon", call, "```", ""]
    if isinstance(entry, AxisFunction):
        return wrapped
    shown = entry().label
    return [
        *wrapped,
        f'On tensors gradients follow; `ogive.get("{shown}").module()` is a layer for a PyTorch '
        f"model, and `ogive plot {shown} --slope -o curve.svg` draws it.",
        "",
    ]


def _parameters(entry: Definition) -> list[str]:
    if not entry.parameters:
        return []
    rows = [
        {
            "parameter": f"<code>{p.name}</code>",
            "default": f"{p.default:g}",
            "bounds": html.escape(p.bounds().removeprefix("it must be ")),
            "meaning": html.escape(p.meaning),
        }
        for p in entry.parameters
    ]
    return ["## Parameters", "", table(rows, safe=True), ""]


def _facts(card: Card) -> list[str]:
    titles = set(FRAMEWORKS.values()) | {f"in {name}" for name in FRAMEWORKS.values()}
    lines = [(t, text) for t, text in card.rows() if t not in ELSEWHERE | titles]
    if card.operations is not None:
        hard, simple = card.operations
        lines.append(
            ("operations", f"{hard} exp-like and {simple} simple for value and slope together")
        )
    tried = "".join(
        f"<li>{'holds' if c.holds else '<strong>fails</strong>'}: {html.escape(c.claim)} "
        f"<small>(found: {html.escape(c.found)})</small></li>"
        for c in card.checks
    )
    return [
        pairs(lines),
        "",
        f"<details><summary>{len(card.checks)} claims, each tried out when this page was made"
        f"</summary><ul>{tried}</ul></details>",
        "",
    ]


def _elsewhere(entry: Entry) -> list[str]:
    parts = ["## In other frameworks", ""]
    if not entry.equivalents:
        return [*parts, "The catalogue names no equivalent in PyTorch, Keras, JAX or ONNX.", ""]
    rows = []
    for key, text in entry.equivalents.items():
        name, _, note = text.partition(" (")
        told = f" ({html.escape(note)}" if note else ""
        shown = f"<code>{html.escape(name)}</code>{told}"
        rows.append((FRAMEWORKS.get(key, key), shown))
    return [*parts, pairs(rows, safe=True), ""]


def _theory(act: Activation) -> list[str]:
    parts = ["## In a deep network, before training", ""]
    try:
        said = ogive.theory(act)
    except OgiveError as error:
        return [*parts, f"{html.escape(str(error))}.", ""]
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in said.notes)
    return [
        *parts,
        f"<p>{html.escape(said.verdict)}</p>",
        "",
        pairs(said.rows()),
        "",
        *([f"<ul>{notes}</ul>", ""] if notes else []),
        f"What these mean: [theory](../guide/theory.md). For other weights: "
        f"`ogive theory {act.label} --sigma-w 1.4 --sigma-b 0.1`.",
        "",
    ]


def _accuracy(name: str) -> list[str]:
    parts = ["## How accurate it is", ""]
    rows = accuracy(name)
    if not rows:
        return [*parts, "It has not been judged yet.", ""]
    return [
        *parts,
        "The largest error in units in the last place (ULP), and in brackets the share of results "
        "that are not the nearest float; 0.50 is what rounding alone costs. JAX takes and gives 0 "
        "for subnormal numbers on a CPU: figures near 8.4e6 and 4.5e15 come from there.",
        "",
        table(rows),
        "",
        f"Judged {judged()}: [how accurate the functions are](../accuracy.md).",
        "",
    ]


def _speed(act: Activation) -> list[str]:
    parts = ["## How fast it is", ""]
    rows = speed(act.name)
    if not rows:
        return [
            *parts,
            f"It is not among the functions timed beside other libraries; "
            f"`ogive cost {act.label}` measures it on your machine.",
            "",
        ]
    return [
        *parts,
        "Nanoseconds an element: float32, one thread, a fresh result; medians. The last column is "
        "the floor: a copy (forward) or a product (backward) of the same array.",
        "",
        table(rows),
        "",
        f"{measured()}: [speed](../speed.md).",
        "",
    ]


def _source(source: Source) -> str:
    text = html.escape(source.text)
    if source.arxiv:
        return f"{text}, [arXiv:{source.arxiv}](https://arxiv.org/abs/{source.arxiv})."
    if source.doi:
        return f"{text}, [doi:{source.doi}](https://doi.org/{source.doi})."
    return f"{text}."


def table(rows: Sequence[dict[str, str]], safe: bool = False) -> str:
    """``rows`` as an HTML table that scrolls on a narrow screen."""

    def row(cells: Iterable[str], tag: str) -> str:
        shown = (c if safe else html.escape(c) for c in cells)
        return f"<tr>{''.join(f'<{tag}>{c}</{tag}>' for c in shown)}</tr>"

    body = "".join(row(r.values(), "td") for r in rows)
    head = row(rows[0], "th")
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def pairs(rows: Iterable[tuple[str, str]], safe: bool = False) -> str:
    """Titles and texts as a table of two columns."""
    lines = "".join(
        f"<tr><th>{html.escape(title)}</th><td>{text if safe else html.escape(text)}</td></tr>"
        for title, text in rows
    )
    return f'<div class="wide"><table class="pairs"><tbody>{lines}</tbody></table></div>'
