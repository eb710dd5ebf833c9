"""Optimisers over many runs side by side: one flat buffer of weights, each run its own rate.

The rules are those of ``torch.optim``, constant by constant; a run's step depends on its own
weights and gradient alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from ogive.errors import BadStudy, nearest
from torch import Tensor

_SETTINGS: dict[str, dict[str, float]] = {
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
    "sgd": {"momentum": 0.9, "weight_decay": 0.0, "nesterov": 0.0},
}
_TITLES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


@dataclass(frozen=True)
class Optimizer:
    """A rule by name, with its settings.

    adam
        Kingma and Ba 2015, arXiv:1412.6980; weight decay is added to the gradient.
    adamw
        Loshchilov and Hutter 2019, arXiv:1711.05101: weights shrink by rate * weight_decay.
    sgd
        Stochastic gradient descent with momentum, as ``torch.optim.SGD`` has it.
    """

    name: str = "adam"
    settings: Mapping[str, float] = field(default_factory=lambda: _SETTINGS["adam"])

    @property
    def label(self) -> str:
        """The text that names it: ``sgd:momentum=0.5``."""
        usual = _SETTINGS[self.name]
        changed = [f"{k}={v:g}" for k, v in self.settings.items() if v != usual[k]]
        return f"{self.name}:{','.join(changed)}" if changed else self.name

    @property
    def title(self) -> str:
        """The name in a sentence, with the settings that matter."""
        shown = {k: v for k, v in self.settings.items() if v != _SETTINGS[self.name][k]}
        if self.name == "sgd":
            shown = {"momentum": self.settings["momentum"], **shown}
        words = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in shown.items())
        return f"{_TITLES[self.name]} ({words})" if words else _TITLES[self.name]


def optimizer(text: str) -> Optimizer:
    """The optimiser that ``text`` names: ``adam``, ``adamw:weight_decay=0.05``, ``sgd``.

    Raises :class:`BadStudy` for a name or a setting that there is not.
    """
    name, _, rest = str(text).strip().lower().partition(":")
    if name not in _SETTINGS:
        raise BadStudy(
            f"there is no optimizer {text!r}{nearest(name, list(_SETTINGS))}; name one of "
            f"{', '.join(_SETTINGS)}, with settings if need be: sgd:momentum=0.5"
        )
    settings = dict(_SETTINGS[name])
    for part in rest.split(",") if rest else ():
        key, _, value = (piece.strip() for piece in part.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if key not in settings or not 0 <= number < math.inf or not _allowed(key, number):
            known = ", ".join(f"{k}={v:g}" for k, v in _SETTINGS[name].items())
            raise BadStudy(f"the optimizer setting {part!r} cannot be used; {name} has {known}")
        settings[key] = number
    return Optimizer(name, settings)


def _allowed(key: str, number: float) -> bool:
    if key in {"beta1", "beta2", "momentum"}:
        return number < 1
    return number in {0, 1} if key == "nesterov" else True


class Stack:
    """Weights and moments of the runs still training, each kind in one flat buffer.

    ``weights`` and ``gradients`` are views of the buffers, one (runs, ...) a parameter; fill the
    gradients, then call :meth:`step`.
    """

    def __init__(self, parts: Sequence[Tensor], rates: Sequence[float], rule: Optimizer) -> None:
        self.rule = rule
        self.rates = torch.tensor(rates, dtype=parts[0].dtype, device=parts[0].device)
        zeros = [torch.zeros_like(p) for p in parts]
        moments = 1 if rule.name == "sgd" else 2
        self._lay_out(parts, *[zeros] * moments)

    def _lay_out(self, *groups: Sequence[Tensor]) -> None:
        shapes = [p.shape for p in groups[0]]
        self._flat, *self._moments = [torch.cat([p.reshape(-1) for p in g]) for g in groups]
        self._gradient, self._work = (torch.empty_like(self._flat) for _ in range(2))
        views = [self._views(b, shapes) for b in (self._flat, self._gradient, *self._moments)]
        self.weights, self.gradients, *self._kept = views
        self._flat_rates = torch.cat(
            [self.rates.repeat_interleave(s.numel() // s[0]) for s in shapes]
        )

    @staticmethod
    def _views(buffer: Tensor, shapes: Sequence[torch.Size]) -> list[Tensor]:
        pieces = torch.split(buffer, [s.numel() for s in shapes])
        return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def keep(self, rows: Tensor) -> None:
        """Go on with the runs ``rows`` only."""
        self.rates = self.rates[rows]
        self._lay_out(*([p[rows] for p in group] for group in (self.weights, *self._kept)))

    def step(self, count: int) -> None:
        """The ``count``-th step (from 1), each run at its own rate, in place."""
        if self.rule.name == "sgd":
            self._descend()
        else:
            self._adam(count)

    def _adam(self, count: int) -> None:
        given, (mean, square) = self.rule.settings, self._moments
        beta1, beta2, decay = given["beta1"], given["beta2"], given["weight_decay"]
        if decay and self.rule.name == "adamw":
            self._flat.addcmul_(self._flat, self._flat_rates, value=-decay)
        elif decay:
            self._gradient.add_(self._flat, alpha=decay)
        mean.lerp_(self._gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(self._gradient, self._gradient, value=1 - beta2)
        torch.sqrt(square, out=self._work)
        self._work.div_((1 - beta2**count) ** 0.5).add_(given["eps"])
        torch.div(mean, self._work, out=self._work)
        self._flat.addcmul_(self._work, self._flat_rates, value=-1 / (1 - beta1**count))

    def _descend(self) -> None:
        given, (velocity,) = self.rule.settings, self._moments
        if given["weight_decay"]:
            self._gradient.add_(self._flat, alpha=given["weight_decay"])
        velocity.mul_(given["momentum"]).add_(self._gradient)
        going = velocity
        if given["nesterov"]:
            going = torch.add(self._gradient, velocity, alpha=given["momentum"], out=self._work)
        self._flat.addcmul_(going, self._flat_rates, value=-1)
