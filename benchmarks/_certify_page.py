"""The certificate as a page for people and as a file for the tests."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

from _certify import GRIDS, Piece, together
from _certify_judge import Tally
from ogive.functions import get
from oracles.exceptions import EXEMPTIONS, WIDER
from oracles.judge import bar

NAMES = {"torch": "PyTorch", "jax": "JAX"}
Found = dict[Piece, dict[str, Tally]]


def write(
    results: dict[str, dict[str, Tally]], versions: dict[str, str], seconds: float, docs: Path
) -> None:
    """``accuracy.json`` and ``accuracy.md`` from the tallies of all pieces."""
    found = together(results)
    about = {
        "versions": versions,
        "date": time.strftime("%Y-%m-%d"),
        "hours": round(seconds / 3600, 1),
        "cpu": _cpu(),
    }
    rows = [_row(piece, tallies) for piece, tallies in found.items()]
    text = ",\n".join(json.dumps(row) for row in rows)
    (docs / "accuracy.json").write_text(f'{{"about": {json.dumps(about)}, "rows": [\n{text}\n]}}\n')
    (docs / "accuracy.md").write_text("\n".join(page(found, about)) + "\n")


def _row(piece: Piece, tallies: dict[str, Tally]) -> dict[str, Any]:
    """JSON has no infinity: null stands for it, and for the input that is NaN."""
    made: dict[str, Any] = {"function": piece.label, "what": piece.what, "float": piece.grid}
    for name, tally in tallies.items():
        made[name] = {
            "inputs": tally.inputs,
            "misrounded": tally.misrounded,
            "units": _plain(tally.units),
            "at": _plain(tally.at),
            "broken": tally.broken,
        }
    return made


def _plain(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else 'CPU'}, {os.cpu_count()} cores"


def units(tally: Tally | None) -> str:
    """A figure for a table."""
    if tally is None:
        return ""
    if math.isinf(tally.units):
        return "not finite"
    lost = ", NaN lost" if tally.broken else ""
    figure = f"{tally.units:.2f}" if tally.units < 1000 else f"{tally.units:.1e}"
    return figure.replace("e+0", "e").replace("e+", "e") + lost


def share(tally: Tally | None) -> str:
    """The misrounded among the inputs, in percent."""
    if tally is None:
        return ""
    if not tally.misrounded:
        return "0"
    percent = 100 * tally.misrounded / tally.inputs
    return "<0.001" if percent < 0.001 else f"{percent:.3f}" if percent < 1 else f"{percent:.0f}"


def page(found: Found, about: dict[str, Any]) -> list[str]:
    """The lines of ``accuracy.md``."""
    usual = {p: t for p, t in found.items() if ":" not in p.label}
    return [
        "# How accurate the functions are",
        "",
        *_introduction(found, about),
        "",
        "## In short",
        "",
        *_short(found),
        "",
        "## float32 and float64 beside PyTorch and JAX",
        "",
        "The largest error in units in the last place (ULP), with the share of results that are "
        "not the nearest float, in percent. 0.50 is what rounding alone costs; *not finite* a NaN "
        "or an infinity where the true result is a number, and *NaN lost* a number where the input "
        "is NaN. The parameters are the usual ones. *All* marks functions swept over all 2^32 "
        "float32 patterns.",
        "",
        *_beside(usual),
        "",
        "## 16-bit floats beside PyTorch and JAX",
        "",
        "How many of the 65,536 results are not the nearest float, and the largest error in ULP. "
        "Ogive's are all correctly rounded unless a figure is given.",
        "",
        *_halves(usual),
        "",
        "## Other settings of the parameters",
        "",
        *_settings({p: t for p, t in found.items() if ":" in p.label}),
        "",
        "## Where the worst results are",
        "",
        *_worst(found),
        "",
        "## What is not judged, and wider bars",
        "",
        *_exceptions(),
    ]


def _introduction(found: Found, about: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{n} {v}" for n, v in about["versions"].items() if n != "machine")
    inputs = sum(t["ogive"].inputs for t in found.values())
    return [
        f"Made by `make certify` on {about['date']} ({about['cpu']}; {versions}): "
        f"{inputs:.2e} results of Ogive were judged, in {about['hours']} hours of one core.",
        "",
        "Value and slope of every elementwise function, at the usual parameters and at two other "
        "settings: all float16 and bfloat16 inputs; every float32 with 2^-30 <= |x| <= 2^7 and a "
        "sample of every other binade (all 2^32 bit patterns of functions marked *all*); and at "
        "least a million float64 from every binade, beside kinks, roots, multiples of ln 2 and π, "
        "and in tails. Infinities and NaN are among them.",
        "",
        "The truth is computed by independent code (`tests/oracles`): in float64 or longer where a "
        "second run, with every operation disturbed, confirms it, and by mpmath with 50 digits "
        "everywhere else and for every worst case. Beside a root an error of "
        "2^-51 times the sum of the terms' magnitudes is allowed before units are counted. Slopes "
        "on a kink are left to the tests: there a framework may have a convention of its own.",
        "",
        "PyTorch's and JAX's figures are for the same inputs; their slopes are those of automatic "
        "differentiation. JAX takes and gives 0 for subnormal numbers on a CPU: its figures near "
        "8.4e6 in float32 and 4.5e15 in float64 (2^23, 2^52) say that. "
        "`accuracy.json` has all of it, with the worst input of each; the tests hold Ogive to it.",
    ]


def _short(found: Found) -> list[str]:
    lines = ["| float | results | largest error, ULP | within its bar |", "|---|---|---|---|"]
    for name, grid in GRIDS.items():
        ours = {p: t["ogive"] for p, t in found.items() if p.grid == name}
        limits = {p: bar(get(p.label), p.what, grid) for p in ours}
        if name.endswith("16"):
            limits = dict.fromkeys(ours, 0.5 + 1e-9)
        met = sum(t.units <= limits[p] for p, t in ours.items())
        worst = max(ours, key=lambda p: ours[p].units)
        where = f" ({worst.what} of `{worst.label}`)" if ours[worst].units > 0.5 else ""
        count = sum(t.inputs for t in ours.values())
        lines.append(
            f"| {name} | {count:.1e} | {units(ours[worst])}{where} | {met} of {len(ours)} |"
        )
    return [
        *lines,
        "",
        "The bars: 16 bits correctly rounded; float32 1 ULP; float64 2 ULP for functions that "
        "PyTorch, JAX or Keras have and 4 for the others.",
    ]


def _beside(found: Found) -> list[str]:
    head = "| function | | float32: Ogive | PyTorch | JAX | float64: Ogive | PyTorch | JAX |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for (label, what), kinds in _by_function(found).items():
        cells = []
        for kind in ("float32", "float64"):
            tallies = kinds[kind]
            cells += [_cell(tallies.get(name)) for name in ("ogive", "torch", "jax")]
        swept = ", *all*" if kinds["float32"]["ogive"].inputs >= 1 << 32 else ""
        lines.append(f"| `{label}` | {what}{swept} | {' | '.join(cells)} |")
    return lines


def _cell(tally: Tally | None) -> str:
    return f"{units(tally)} ({share(tally)})" if tally else ""


def _halves(found: Found) -> list[str]:
    head = "| function | | float16: Ogive | PyTorch | JAX | bfloat16: Ogive | PyTorch | JAX |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for (label, what), kinds in _by_function(found).items():
        if len(kinds["float16"]) == 1 and all(
            not kinds[kind]["ogive"].misrounded for kind in ("float16", "bfloat16")
        ):
            continue
        cells = []
        for kind in ("float16", "bfloat16"):
            for name in ("ogive", "torch", "jax"):
                tally = kinds[kind].get(name)
                missing = tally and tally.misrounded
                cells.append(f"{missing} ({units(tally)})" if missing else "0" if tally else "")
        lines.append(f"| `{label}` | {what} | {' | '.join(cells)} |")
    return lines


def _settings(found: Found) -> list[str]:
    lines = ["| function | | float32 | float64 |", "|---|---|---|---|"]
    for (label, what), kinds in _by_function(found).items():
        cells = [_cell(kinds[kind]["ogive"]) for kind in ("float32", "float64")]
        lines.append(f"| `{label}` | {what} | {' | '.join(cells)} |")
    return lines


def _worst(found: Found) -> list[str]:
    lines = ["| float | function | | ULP | at |", "|---|---|---|---|---|"]
    for name in ("float32", "float64"):
        ours = [(p, t["ogive"]) for p, t in found.items() if p.grid == name]
        for piece, tally in sorted(ours, key=lambda one: -one[1].units)[:5]:
            at = "" if tally.at is None else f"{tally.at!r}"
            lines.append(f"| {name} | `{piece.label}` | {piece.what} | {units(tally)} | {at} |")
    return lines


def _exceptions() -> list[str]:
    lines = []
    for one in EXEMPTIONS.values():
        judged = {
            name: [w for w in whats if w in ("value", "slope", "*")]
            for name, whats in one.whats.items()
        }
        named = [
            f"{'value and slope' if whats == ['*'] else ' and '.join(whats)} of `{name}`"
            for name, whats in judged.items()
            if whats
        ]
        if named:
            kinds = " and ".join(grid.name for grid in one.grids)
            lines.append(f"- Not judged ({kinds}): {', '.join(named)}, where {one.reason}.")
    for (name, what, grid), (limit, reason) in WIDER.items():
        lines.append(f"- {limit:g} ULP for the {what} of `{name}` in {grid.name}: {reason}.")
    return lines


def _by_function(found: Found) -> dict[tuple[str, str], dict[str, dict[str, Tally]]]:
    made: dict[tuple[str, str], dict[str, dict[str, Tally]]] = {}
    for piece, tallies in found.items():
        made.setdefault((piece.label, piece.what), {})[piece.grid] = tallies
    return made
