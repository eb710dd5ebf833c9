"""Tested advice: short trainings from the same weights, with each remedy and without."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import torch
from ogive.diagnosis.findings import Finding, Remedy
from ogive.diagnosis.probe import as_tensors, prepared, unchanged, value_of
from ogive.errors import OgiveError
from ogive.shown import Shown
from ogive.torch.flow import run
from ogive.torch.initialise import init_
from ogive.torch.swap import swap
from torch import Tensor, nn

if TYPE_CHECKING:
    from ogive.diagnosis.health import Health

HELD_OUT = 0.25  # of the rows
FEWEST_ROWS = 16
RANDOM = (
    Remedy("init", "forward", "weights that keep the variance"),
    Remedy("init", "backward", "weights that keep the gradient"),
    Remedy("swap", "tanh", "tanh in all places"),
    Remedy("swap", "silu", "silu in all places"),
    Remedy("rate", "0.1", "a tenth of the learning rate"),
    Remedy("rate", "10", "ten times the learning rate"),
)


@dataclass(frozen=True)
class Tried:
    """How one repair fared: the loss on held-out rows, and how much lower it is than without.

    ``gain`` is the mean over seeds of the loss as it was less the loss with the repair, with its
    95% interval; None where a training ended in no finite loss. ``failed`` says why a repair could
    not be made.
    """

    repair: str
    loss: float | None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    helped: bool = False
    failed: str = ""


@dataclass(frozen=True)
class Trial(Shown):
    """What :func:`trial` found, the best first; ``seeds`` trainings each, of ``steps`` steps."""

    tried: tuple[Tried, ...]
    steps: int
    seeds: int
    by_hand: tuple[str, ...]

    @property
    def best(self) -> Tried | None:
        """The remedy that helped most, None where none did."""
        helpful = [t for t in self.tried if t.helped and not t.repair.startswith("random")]
        return max(helpful, key=lambda t: t.gain or 0.0, default=None)

    def title(self) -> str:
        """Which remedy helped most."""
        best = self.best
        if best is None:
            return "No remedy lowered the loss beyond doubt."
        return f"{best.repair} helped most: the loss on held-out rows fell by {best.gain:.3g}."

    def rows(self) -> list[dict[str, Any]]:
        """One dict a repair."""
        return [
            {
                "repair": t.repair,
                "loss": t.loss,
                "gain": t.gain,
                "low": t.low,
                "high": t.high,
                "helped": t.helped,
                "failed": t.failed,
            }
            for t in self.tried
        ]

    def lines(self) -> list[dict[str, str]]:
        """Loss and gain with their interval."""
        return [
            {
                "repair": t.repair,
                "loss": "not finite" if t.loss is None else f"{t.loss:.4g}",
                "gain (95% interval)": "-"
                if t.gain is None or t.low is None or t.high is None
                else f"{t.gain:+.3g} ({t.low:+.3g} to {t.high:+.3g})",
                "verdict": t.failed or ("helped" if t.helped else "no difference found")
                if t.repair != AS_IT_IS
                else "",
            }
            for t in self.tried
        ]

    def notes(self) -> list[str]:
        """On what it rests, and what is left for people."""
        said = [
            f"{self.seeds} trainings of {self.steps} steps each from the same weights, on splits "
            f"and batches shared by all; the intervals account for the splits' common rows "
            f"(Nadeau and Bengio 2003)."
        ]
        return [*said, *(f"By hand: {text}." for text in self.by_hand)]


AS_IT_IS = "as it is"


def trial(
    health: Health,
    model: nn.Module,
    inputs: Any,
    targets: Any,
    loss: Callable[..., Any] | None = None,
    *,
    steps: int = 100,
    seeds: int = 5,
    learning_rate: float = 1e-3,
    batch: int = 32,
    optimizer: Any = None,
) -> Trial:
    """Try the remedies of ``health``'s findings on copies of ``model``.

    Each of ``seeds`` trainings draws which quarter of the rows is held out, and the batches; all
    repairs share them, so that differences are paired. Beside the remedies stands a repair drawn
    at random, since almost any change mends a broken model (Kim et al. 2023, arXiv:2301.11568):
    advice is worth something where it does better. ``optimizer`` makes one from parameters and
    ``lr``, Adam if not given. The model, and the state of the random numbers, stay as they are.

    Raises :class:`OgiveError` for fewer than 16 rows, fewer than two seeds, and inputs that are no
    tensor.
    """
    model = prepared(model)
    x, y = as_tensors(inputs), as_tensors(targets)
    if not isinstance(x, Tensor) or not isinstance(y, Tensor) or len(x) != len(y):
        raise OgiveError("remedies are tried on rows; give inputs and targets as two tensors")
    if len(x) < FEWEST_ROWS or seeds < 2 or steps < 1:
        raise OgiveError(
            f"{len(x)} rows, {seeds} seeds and {steps} steps are too few; give at least "
            f"{FEWEST_ROWS} rows, 2 seeds and 1 step"
        )
    repairs = _repairs(health.findings)
    setting = _Setting(
        model, x, y, loss, steps, learning_rate, batch, optimizer or torch.optim.Adam
    )
    with unchanged(model):
        plain = [setting.run(seed, None) for seed in range(seeds)]
        tried = [Tried(AS_IT_IS, _mean(plain))]
        for name, remedy in repairs:
            tried.append(_tried(name, setting, plain, lambda _, r=remedy: r))  # type: ignore[misc]
        drawn = random.Random(0)
        chances = [drawn.choice(RANDOM) for _ in range(seeds)]
        tried.append(_tried("random repair", setting, plain, chances.__getitem__))
    rank = sorted(tried, key=lambda t: math.inf if t.loss is None else t.loss)
    by_hand = {r.text for f in health.findings for r in f.remedies if r.kind == "hand"}
    return Trial(tuple(rank), steps, seeds, tuple(sorted(by_hand)))


def _repairs(findings: tuple[Finding, ...]) -> list[tuple[str, Remedy]]:
    """Each remedy that can be carried out, once."""
    found: dict[str, Remedy] = {}
    for remedy in (r for f in findings for r in f.remedies if r.kind != "hand"):
        name = {
            "init": f"init_ ({remedy.argument})",
            "swap": f"swap to {remedy.argument}, init_",
            "rate": f"learning rate × {remedy.argument}",
            "inputs": "standardised inputs",
        }[remedy.kind]
        found.setdefault(name, remedy)
    return list(found.items())


def _tried(
    name: str, setting: _Setting, plain: list[float], remedy: Callable[[int], Remedy]
) -> Tried:
    try:
        losses = [setting.run(seed, remedy(seed)) for seed in range(len(plain))]
    except OgiveError as error:
        return Tried(name, None, failed=f"could not be made: {error}")
    gains = np.array(plain) - np.array(losses)
    if not np.isfinite(losses).all():
        return Tried(name, _mean(losses), failed="no finite loss")
    if not np.isfinite(plain).all():
        # Any finite loss is better than none, and the size of the difference is not known.
        return Tried(name, _mean(losses), helped=True)
    low, high = _interval(gains)
    return Tried(name, _mean(losses), float(gains.mean()), low, high, helped=low > 0)


def _interval(gains: Any) -> tuple[float, float]:
    """The corrected resampled t interval of Nadeau and Bengio 2003, equation 10."""
    from scipy.stats import t

    count = len(gains)
    spread = gains.var(ddof=1) * (1 / count + HELD_OUT / (1 - HELD_OUT))
    reach = float(t.ppf(0.975, count - 1)) * math.sqrt(spread)
    return float(gains.mean() - reach), float(gains.mean() + reach)


def _mean(losses: list[float]) -> float | None:
    mean = float(np.mean(losses))
    return mean if math.isfinite(mean) else None


@dataclass(frozen=True)
class _Setting:
    """What all trainings share."""

    model: nn.Module
    x: Tensor
    y: Tensor
    loss: Callable[..., Any] | None
    steps: int
    rate: float
    batch: int
    optimizer: Any

    def run(self, seed: int, remedy: Remedy | None) -> float:
        """The loss on held-out rows after one training; infinite where it is not finite."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self.x), generator=generator)
        cut = max(1, int(HELD_OUT * len(order)))
        test, train = order[:cut], order[cut:]
        torch.manual_seed(seed)
        model, x, rate = copy.deepcopy(self.model).train(), self.x, self.rate
        if remedy is not None and remedy.kind == "inputs":
            rows = x[train]
            spread = rows.std(0)
            x = (x - rows.mean(0)) / torch.where(spread > 0, spread, torch.ones_like(spread))
        elif remedy is not None and remedy.kind == "rate":
            rate *= float(remedy.argument)
        elif remedy is not None:
            self._repair(model, x[train][: 8 * self.batch], remedy, generator)
        optimizer = self.optimizer(model.parameters(), lr=rate)
        for _ in range(self.steps):
            rows = train[torch.randint(0, len(train), (self.batch,), generator=generator)]
            value, _ = value_of(run(model, x[rows]), self.y[rows], self.loss)
            if value is None or not bool(torch.isfinite(value)):
                return math.inf
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        model.eval()
        with torch.no_grad():
            value, _ = value_of(run(model, x[test]), self.y[test], self.loss)
        reached = math.inf if value is None else float(value)
        return reached if math.isfinite(reached) else math.inf

    def _repair(
        self, model: nn.Module, x: Tensor, remedy: Remedy, generator: torch.Generator
    ) -> None:
        scheme: Any = "critical"
        if remedy.kind == "swap":
            swap(model, remedy.argument, inputs=x)
        else:
            scheme = remedy.argument
        init_(model, x, scheme=scheme, generator=generator)
