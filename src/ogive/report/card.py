"""The card of a function: what is known of it, each claim tried out numerically."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ogive.errors import OgiveError
from ogive.functions.activation import Activation, Parameter
from ogive.functions.conformance import Check, check_facts
from ogive.functions.formula import error
from ogive.functions.vector import AxisFunction
from ogive.meanfield.gains import gain
from ogive.meanfield.moments import Moments, moments
from ogive.report.plain import jsonable
from ogive.shown import Sheet, cells

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Card(Sheet):
    """What is known of a function.

    ``mean`` and ``second_moment`` are E f(z) and E f(z)^2 for standard normal z, and ``gain`` is
    1/sqrt(E f(z)^2); ``checks`` holds every claim, whether it held and what was found. What does
    not apply (a function along an axis has no slope at a point) is None. ``measured`` says that
    range to kinks were found by trying out a typed formula; ``accuracy`` is its error found.
    """

    label: str
    name: str
    family: str
    summary: str
    formula: str
    source: str
    aliases: tuple[str, ...] = ()
    equivalents: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    parameter_notes: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    limits: tuple[float | None, float | None] | None = None
    kinks: tuple[float, ...] = ()
    at_kinks: str = ""
    monotone: str | None = None
    parity: str | None = None
    lipschitz: float | None = None
    mean: float | None = None
    second_moment: float | None = None
    gain: float | None = None
    operations: tuple[int, int] | None = None
    measured: bool = False
    accuracy: str | None = None
    checks: tuple[Check, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON can hold it; infinities are the texts "inf" and "-inf"."""
        plain: dict[str, Any] = jsonable(asdict(self))
        return plain

    def rows(self) -> list[tuple[str, str]]:
        """The card's lines as pairs (title, text); checks are not among them."""
        rows = [("formula", f"f(x) = {self.formula}")]
        rows += [("parameter", note) for note in self.parameter_notes]
        if self.range is not None:
            rows.append(("range", f"{_figure(self.range[0])} to {_figure(self.range[1])}"))
        if self.limits is not None:
            low, high = self.limits
            if self.measured:
                rows[-1] = ("range", f"{rows[-1][1]}; this and the next five lines are measured")
            rows.append(("limits", f"{_figure(low)} at -inf, {_figure(high)} at inf"))
            rows.append(("monotone", self.monotone or "no"))
            rows.append(("symmetry", self.parity or "neither odd nor even"))
            rows.append(("Lipschitz", _figure(self.lipschitz)))
            corners = ", ".join(_figure(k) for k in self.kinks)
            rows.append(("corners", f"at {corners}: {self.at_kinks}" if corners else "none"))
        if self.mean is not None and self.second_moment is not None:
            rows.append(("mean", f"E f(z) = {_rounded(self.mean)} for z ~ N(0, 1)"))
            rows.append(("second moment", f"E f(z)^2 = {_rounded(self.second_moment)}"))
        if self.gain is not None:
            rows.append(
                ("gain", f"{self.gain:.4f} keeps the signal's variance from layer to layer")
            )
        if self.operations is not None:
            hard, simple = self.operations
            known = self.name == self.formula or not self.measured  # beyond this session
            how = f"`ogive cost {shlex.quote(self.label)}`" if known else "act.cost()"
            rows.append(
                (
                    "cost",
                    f"value and slope take {hard} exp-like and {simple} simple operations; "
                    f"{how} measures the time here",
                )
            )
        if self.accuracy is not None:
            rows.append(("accuracy", self.accuracy))
        rows.append(("source", self.source))
        if self.aliases:
            rows.append(("also called", ", ".join(self.aliases)))
        rows += [(_FRAMEWORKS.get(k, k), v) for k, v in self.equivalents.items()]
        return rows

    def _heading(self) -> str:
        return f"{self.label} ({self.family})"

    def _sentence(self) -> str:
        return self.summary

    def _below(self) -> list[RenderableType]:
        from rich.table import Table
        from rich.text import Text

        if not self.checks:
            return []
        marks = Table.grid(padding=(0, 2))
        marks.add_column(no_wrap=True)
        marks.add_column(overflow="fold")
        for check in self.checks:
            style = "green" if check.holds else "bold red"
            marks.add_row(Text(_outcome(check), style=style), Text(check.claim))
            marks.add_row("", Text(f"found: {check.found}", style="dim"))
        return [Text("\nTried out:", style="bold"), marks]

    def _below_html(self) -> str:
        left = ' style="text-align:left"'
        checks = "".join(cells((_outcome(c), c.claim, c.found), "td", left) for c in self.checks)
        return f"<table><caption>Tried out</caption>{checks}</table>" if checks else ""


_FRAMEWORKS = {
    "torch": "in PyTorch",
    "keras": "in Keras",
    "jax": "in JAX",
    "onnx": "in ONNX",
    "timm": "in timm",
}


def _outcome(check: Check) -> str:
    return "holds" if check.holds else "FAILS"


def _figure(x: float | None) -> str:
    return "none" if x is None else f"{x + 0.0:.6g}"


def _rounded(x: float) -> str:
    return f"{round(x, 4) + 0.0:.4f}"  # adding 0 turns -0 into 0


def _note(parameter: Parameter, value: float) -> str:
    note = f"{parameter.name} = {value:g}: {parameter.meaning}"
    return f"{note} (the default is {parameter.default:g}; {parameter.bounds()})"


def card(act: Activation | AxisFunction) -> Card:
    """The card of ``act``, with every claim tried out now."""
    if isinstance(act, AxisFunction):
        return Card(
            label=act.label,
            name=act.name,
            family=act.family,
            summary=act.summary,
            formula=act.formula,
            source=str(act.source),
            aliases=act.aliases,
            equivalents=dict(act.equivalents),
            parameters=dict(zip((p.name for p in act.parameters), act.numbers, strict=True)),
            parameter_notes=tuple(map(_note, act.parameters, act.numbers)),
        )
    entry, facts = act.definition, act.facts
    try:
        found: Moments | None = moments(act)
    except OgiveError:  # a formula may grow too fast to have any
        found = None
    try:
        scale: float | None = gain(act)
    except OgiveError:  # a function that is 0 everywhere has no gain
        scale = None
    return Card(
        label=act.label,
        name=act.name,
        family=entry.family,
        summary=entry.summary,
        formula=entry.formula,
        source=str(entry.source),
        aliases=entry.aliases,
        equivalents=dict(entry.equivalents),
        parameters=act.parameters,
        parameter_notes=tuple(
            _note(p, v) for p, v in zip(entry.parameters, act.settings, strict=True)
        ),
        range=facts.range,
        limits=facts.limits,
        kinks=facts.kinks,
        at_kinks=facts.at_kinks,
        monotone=facts.monotone,
        parity=facts.parity,
        lipschitz=facts.lipschitz,
        mean=None if found is None else found.mean,
        second_moment=None if found is None else found.second,
        gain=scale,
        operations=(act.operations.transcendental, act.operations.simple),
        measured=facts.measured,
        accuracy=error(act),
        checks=check_facts(act),
    )
