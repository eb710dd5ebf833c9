"""What a diagnosis found: a record of plain numbers that prints, draws and compares."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ogive.diagnosis.book import Bad, LossFacts
from ogive.diagnosis.figures import InputHealth, LayerHealth, WeightHealth
from ogive.diagnosis.findings import Finding, decay
from ogive.door import room
from ogive.shown import Shown
from ogive.torch.find import HIDDEN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ogive.diagnosis.compared import HealthComparison
    from ogive.diagnosis.remedies import Trial
    from torch import nn

BAR = 5  # characters of a full bar


@dataclass(frozen=True)
class Health(Shown):
    """What the activations of a model do, and what is wrong.

    ``findings`` are the gravest first, none for a healthy model; ``layers`` the places of the
    activations in the order in which they run, ``weights`` the matrices and kernels.
    ``gradient_of`` says what was differentiated, ``steps`` how many training steps
    :func:`ogive.watch` saw (None for :func:`ogive.probe`). It prints as a table;
    ``.table()`` is a DataFrame, ``.plot()`` draws, ``.report("page.html")`` writes a page,
    ``.to_dict()`` is what JSON can hold, ``.compare(other)`` sets two beside each other and
    ``.try_remedies(...)`` tries the advice.
    """

    model: str
    layers: tuple[LayerHealth, ...]
    weights: tuple[WeightHealth, ...]
    inputs: InputHealth | None
    loss: LossFacts | None
    bad: Bad | None
    mode: str
    gradient_of: str | None
    batches: int
    samples: int
    steps: int | None
    remarks: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    @property
    def gradient_decay(self) -> float | None:
        """The factor of the gradient's norm from one hidden function to the one before it."""
        return decay(self)

    @property
    def verdict(self) -> str:
        """One line: a clean bill, or what was found."""
        if not self.findings:
            places = f"{len(self.layers)} activation{'' if len(self.layers) == 1 else 's'}"
            return f"{self.model} is healthy: nothing is wrong at its {places}."
        names = ", ".join(f.rule for f in self.findings)
        return f"{self.model}: {names}."

    def title(self) -> str:
        """The verdict."""
        return self.verdict

    def rows(self) -> list[dict[str, Any]]:
        """One dict a place, with every figure."""
        return [
            {k: v for k, v in vars(row).items() if k not in {"histogram", "unit"}}
            | {"dead_share": row.dead_share}
            for row in self.layers
        ]

    def lines(self) -> list[dict[str, str]]:
        """The columns that fit a terminal, with bars."""
        top = max((r.gradient or 0 for r in self.layers), default=0)
        return [
            {
                "where": r.where,
                "function": r.function if r.role == HIDDEN else f"{r.function} ({r.role})",
                "before": "-" if r.before_size is None else
                f"{r.before_mean:.2g} ± {math.sqrt(r.before_variance or 0):.2g}",
                "dead": _bar(r.dead_share if r.units else None),
                "saturated": _bar(r.saturated),
                "off": _bar(r.off),
                "gradient": _log_bar(r.gradient, top),
                "alike": "-" if r.correlation is None else f"{r.correlation:.3f}",
                "rank": "-" if r.rank is None else f"{r.rank:.1f}",
            }
            for r in self.layers
        ]  # fmt: skip

    def notes(self) -> list[str]:
        """The findings with their remedies, and on what they rest."""
        said = []
        theories = set()
        for f in self.findings:
            said.append(f"{f.severity.upper()} {f.rule}: {f.said}.")
            said += [f"  - {remedy.text}" for remedy in f.remedies]
            if f.theory and f.theory not in theories:  # once is enough
                said.append(f"  Theory: {f.theory}")
                theories.add(f.theory)
            said.append(f"  Source: {f.source}")
        said += [f"{r}." for r in self.remarks]
        return [*said, self.basis]

    @property
    def basis(self) -> str:
        """What was looked at."""
        seen = "" if self.steps is None else f" of {self.steps} steps"
        batches = f"{self.batches} batch{'' if self.batches == 1 else 'es'}{seen}"
        gradient = f", gradient of {self.gradient_of}" if self.gradient_of else ""
        return f"{self.samples} samples in {batches}, {self.mode} mode{gradient}."

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON can hold it: numbers that are not finite are text."""
        made: dict[str, Any] = room("report.plain").jsonable(asdict(self))
        return made | {"verdict": self.verdict, "healthy": self.healthy,
                       "gradient_decay": self.gradient_decay}  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Any:
        """Draw the measures, layers down; on ``ax`` the gradient and the shares alone.

        Without ``ax`` it is a figure: measures across, and the histograms of the pre-activations
        with each function's curve behind.
        """
        figures = room("report.health_figures")
        return figures.health_figure(self) if ax is None else figures.draw_shares(self, ax)

    def report(self, path: str | Path) -> Path:
        """Write a page to ``path``; raises :class:`OgiveError` where it cannot be written."""
        return room("report.health_page").write(self, path)  # type: ignore[no-any-return]

    def compare(self, other: Health) -> HealthComparison:
        """This record beside another: before and after, or two functions."""
        from ogive.diagnosis.compared import HealthComparison

        return HealthComparison.of(self, other)

    def try_remedies(
        self,
        model: nn.Module,
        inputs: Any,
        targets: Any,
        loss: Any = None,
        *,
        steps: int = 100,
        seeds: int = 5,
        learning_rate: float = 1e-3,
        batch: int = 32,
        optimizer: Any = None,
    ) -> Trial:
        """Try the remedies of the findings in short trainings; see :func:`remedies.trial`."""
        from ogive.diagnosis.remedies import trial

        return trial(
            self, model, inputs, targets, loss, steps=steps, seeds=seeds,
            learning_rate=learning_rate, batch=batch, optimizer=optimizer,
        )  # fmt: skip


def _bar(share: float | None) -> str:
    """A share as a small bar and a percentage."""
    if share is None:
        return "-"
    return f"{drawn(share)} {100 * share:.0f}%"


def drawn(share: float, width: int = BAR) -> str:
    """A bar of eighths of characters."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    whole, part = divmod(eighths, 8)
    bar = "█" * whole + ("▏▎▍▌▋▊▉"[part - 1] if part else "")
    return bar.ljust(width, "·")


def _log_bar(value: float | None, top: float) -> str:
    """A gradient on a scale of six decades below the largest."""
    if value is None:
        return "-"
    share = 0.0 if value <= 0 or top <= 0 else 1 + math.log10(value / top) / 6
    return f"{drawn(share)} {value:.0e}"
