"""What a model of one's own is trained on, and how its outputs are scored."""

from __future__ import annotations

import functools
import hashlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

import torch
from ogive.errors import BadData, BadStudy, nearest
from ogive.study import metrics
from ogive.study.batches import called, pair
from ogive.study.metrics import Kind, Metric
from torch import Tensor

OWN = "own"  # the kind of a task whose loss or metric is the user's own
HELD_OUT = Metric("loss", "loss", False, (), unit_per_row=True)
AT_LEAST_0 = Metric("loss", "loss", False, (), unit_per_row=True, low=0.0)


def _cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target)


def _bce(output: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(output.reshape(target.shape), target.to(output.dtype))


def _mse(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output.reshape(target.shape), target.to(output.dtype))


@dataclass(frozen=True)
class Loss:
    """A loss by name: what it asks of the model's output, and the kind of task it makes."""

    name: str
    title: str
    compute: Callable[[Tensor, Tensor], Tensor]
    kind: Kind
    unit: str
    reason: str


LOSSES = {
    loss.name: loss
    for loss in (
        Loss(
            "cross_entropy",
            "cross-entropy",
            _cross_entropy,
            "multiclass",
            "the model's own outputs",
            "they are taken as logits, one a class, by softmax with cross-entropy",
        ),
        Loss(
            "bce",
            "binary cross-entropy",
            _bce,
            "binary",
            "the model's own output",
            "it is taken as a logit, by the logistic function with binary cross-entropy",
        ),
        Loss(
            "mse",
            "the mean squared error",
            _mse,
            "regression",
            "the model's own output",
            "it is taken as the value itself, with the mean squared error",
        ),
    )
}


@dataclass(frozen=True)
class Goal:
    """What is minimised, and what is scored.

    ``loss`` is a :class:`Loss`, a function of (output, target), or None where ``objective``, a
    function of (model, batch), stands in its place. ``scorer`` is a metric of the user's own, of
    (outputs, targets). ``identity`` tells this goal from others, for resuming.
    """

    loss: Loss | Callable[..., Any] | None
    objective: Callable[..., Any] | None
    metric: Metric
    scorer: Callable[..., Any] | None
    kind: str
    identity: str

    def value(self, model: Any, batch: Any) -> Tensor:
        """The loss of a model on a batch: a number."""
        if self.objective is not None:
            made = self.objective(model, batch)
        else:
            inputs, targets = pair(batch, "the data")
            made = self.of_outputs(called(model, inputs), targets)
        if not isinstance(made, Tensor) or made.dim():
            shape = f"the shape {tuple(made.shape)}" if isinstance(made, Tensor) else repr(made)
            raise BadStudy(
                f"the {'loss' if self.objective is None else 'objective'} gave {shape}, not one "
                "number; return the mean over the batch, a tensor without dimensions"
            )
        return made

    def of_outputs(self, outputs: Any, targets: Any) -> Tensor:
        """The loss of outputs that are there already."""
        assert self.loss is not None
        compute = self.loss.compute if isinstance(self.loss, Loss) else self.loss
        return compute(outputs, targets)

    @property
    def title(self) -> str:
        """The loss in a sentence."""
        if isinstance(self.loss, Loss):
            return self.loss.title
        function = self.loss if self.loss is not None else self.objective
        name = getattr(function, "__name__", type(function).__name__)
        kind = "loss" if self.loss is not None else "objective of model and batch"
        return f"a {kind} of your own" if name == "<lambda>" else f"your own {kind}, {name}"

    @property
    def by_outputs(self) -> bool:
        """Whether all scores follow from outputs and targets."""
        return self.objective is None


def goal(loss: Any, objective: Any, metric: Any, higher_is_better: bool, targets: Any) -> Goal:
    """The goal that the settings make; ``targets`` are those of a first batch.

    Raises :class:`BadStudy` for names that there are not and for settings that exclude each other.
    """
    if loss is not None and objective is not None:
        raise BadStudy(
            "loss= and objective= both say what is minimised; give a loss of (output, target) or "
            "an objective of (model, batch)"
        )
    for name, given in (("loss", loss), ("objective", objective)):
        wanted = "a function" if name == "objective" else f"one of {', '.join(LOSSES)}, or one"
        if (
            given is not None
            and not callable(given)
            and not (name == "loss" and isinstance(given, str))
        ):
            raise BadStudy(f"{name}={given!r} is no function; give {wanted}")
    if loss is None and objective is None:
        loss = _usual(targets)
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise BadStudy(
                f"there is no loss {loss!r}{nearest(loss, list(LOSSES))}; name one of "
                f"{', '.join(LOSSES)}, or give a function of (output, target)"
            )
        loss = LOSSES[loss]
    kind = _kind(loss, objective, metric)
    chosen, scorer = _metric(metric, kind, higher_is_better)
    if scorer is not None and objective is not None:
        raise BadStudy(
            "with an objective of (model, batch) there are no targets for metric=; leave it out, "
            "and the held-out objective is the score"
        )
    parts = [loss.name if isinstance(loss, Loss) else told(loss), told(objective), told(scorer)]
    return Goal(loss, objective, chosen, scorer, kind, " / ".join(p for p in parts if p))


def _usual(targets: Any) -> str:
    """The loss that suits the targets: whole numbers are classes."""
    if not isinstance(targets, Tensor):
        raise BadStudy(
            "the targets are no tensor, so that no loss is taken for granted; give loss= or "
            "objective="
        )
    return "mse" if targets.is_floating_point() else "cross_entropy"


def _kind(loss: Any, objective: Any, metric: Any) -> str:
    if isinstance(loss, Loss):
        return loss.kind
    if objective is not None or not isinstance(metric, str):
        return OWN
    if metric.strip().lower() == HELD_OUT.name:
        return OWN
    # With a loss of one's own the metric says what the outputs are: logits of classes, or values.
    for kind in ("multiclass", "regression"):
        try:
            metrics.named(metric, kind)
        except BadStudy:
            continue
        return kind
    raise BadStudy(
        f"there is no metric {metric!r}; name one of loss, {', '.join(metrics.METRICS)}, or give a "
        "function of (outputs, targets)"
    )


def _metric(metric: Any, kind: str, higher: bool) -> tuple[Metric, Any]:
    if metric is None:
        return (HELD_OUT if kind == OWN else metrics.default(kind)), None  # type: ignore[arg-type]
    if isinstance(metric, str):
        if metric.strip().lower() == HELD_OUT.name:
            return HELD_OUT if kind == OWN else AT_LEAST_0, None
        if kind == OWN:
            raise BadStudy(
                f"the metric {metric!r} needs outputs and targets; with objective= the score is "
                "the held-out objective, so leave metric= out"
            )
        return metrics.named(metric, kind), None  # type: ignore[arg-type]
    if not callable(metric):
        raise BadStudy(
            f"metric={metric!r} is neither a name nor a function; name one of loss, "
            f"{', '.join(metrics.METRICS)}, or give a function of (outputs, targets)"
        )
    name = getattr(metric, "__name__", type(metric).__name__)
    title = "own metric" if name == "<lambda>" else name.replace("_", " ")
    return Metric(name, title, higher, (), unit_per_row=False), metric


def told(function: Any) -> str:
    """What tells a function from another: its name and a hash of its source and settings."""
    if function is None:
        return ""
    if isinstance(function, functools.partial):
        return f"{told(function.func)} {function.args} {function.keywords}"
    name = getattr(function, "__qualname__", type(function).__qualname__)
    kind = function if inspect.isroutine(function) else type(function)
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        source = ""
    settings = "" if inspect.isroutine(function) else _plain(vars(function))
    return f"{name} {hashlib.sha256((source + settings).encode()).hexdigest()[:12]}"


def _plain(values: Mapping[str, Any]) -> str:
    shown = {k: v for k, v in values.items() if isinstance(v, int | float | str | bool | None)}
    return repr(sorted(shown.items()))


def codes(targets: Sequence[Any], kind: str) -> NDArray[np.int64] | None:
    """The class of each row, to keep the classes in proportion; None where rows have none."""
    if kind not in metrics.CLASSES or not all(
        isinstance(t, Tensor) and t.dim() in {1, 2} and t[0].numel() == 1 for t in targets
    ):
        return None
    made = torch.cat([t.reshape(-1).cpu() for t in targets])
    if made.is_floating_point() and not bool((made == made.round()).all()):
        return None  # probabilities as targets
    return made.long().numpy()


def predictions(kind: str, outputs: Tensor, targets: Tensor) -> tuple[Any, Any]:
    """(targets, predictions) as :func:`ogive.study.metrics.score` takes them.

    Logits become probabilities; further dimensions, such as the pixels of an image, count as rows.
    """
    outputs, targets = outputs.detach().double().cpu(), targets.detach().cpu()
    if kind == "multiclass":
        if targets.is_floating_point():
            targets = targets.argmax(1)
        chances = outputs.softmax(1).movedim(1, -1)
        return targets.reshape(-1).numpy(), chances.reshape(-1, chances.shape[-1]).numpy()
    values = outputs.reshape(-1)
    if kind == "binary":
        chances = torch.stack([(-values).sigmoid(), values.sigmoid()], 1)
        return (targets.reshape(-1) > 0.5).long().numpy(), chances.numpy()
    return targets.double().reshape(-1).numpy(), values.numpy()


def scores(aim: Goal, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    """Every metric that fits, and the loss; those without a value are left out."""
    made = {HELD_OUT.name: float(aim.of_outputs(outputs, targets))}
    if aim.scorer is not None:
        made[aim.metric.name] = _number(aim, aim.scorer(outputs, targets))
    if aim.kind != OWN:
        target, prediction = predictions(aim.kind, outputs, targets)
        for metric in metrics.applicable(aim.kind):  # type: ignore[arg-type]
            if metrics.defined(metric, target) and (metric.name != "auc" or metric == aim.metric):
                made[metric.name] = metrics.score(metric, target, prediction)
    return {name: value for name, value in made.items() if math.isfinite(value)}


def _number(aim: Goal, made: Any) -> float:
    try:
        return float(made)
    except (TypeError, ValueError):
        raise BadData(f"the metric {aim.metric.name} gave {made!r}; return one number") from None
