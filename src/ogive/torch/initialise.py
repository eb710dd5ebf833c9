"""Initial weights that suit the activations of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from ogive.errors import OgiveError
from ogive.meanfield.moments import second_moment
from ogive.shown import Shown
from ogive.torch.draw import DISTRIBUTIONS, Distribution, Plan, draw, fans
from ogive.torch.feeds import LINEAR, Layer, layers
from ogive.torch.find import refuse_scripts
from ogive.torch.flow import CannotTrace, flow_of
from ogive.torch.measure import corrected, measured
from ogive.torch.scales import SCHEMES, Scale, Scheme, scale
from ogive.torch.steps import LOOKUPS, WEIGHTED, holds_weights
from torch import nn


@dataclass(frozen=True)
class LayerInit:
    """What :func:`init_` saw of a layer, set and measured.

    ``fed_by`` are the values that come in and ``followed_by`` what takes the values that go out;
    ``gain`` is the weights' standard deviation times sqrt(``fan``), as set (with the correction,
    where one was made); ``expected`` the pre-activation variance that it is set for. The
    variances ``before`` and ``after`` are those of the layer's outputs on the batch, about 0 (the
    mean over draws of the weights); None without one.
    """

    path: str
    kind: str
    fed_by: str
    followed_by: str
    fan: int
    gain: float
    std: float
    bias_std: float | None
    why: str
    expected: float | None = None
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class InitReport(Shown):
    """What :func:`init_` did, layer by layer in the order of the computation.

    ``left`` are pairs of a layer and why its weights stay; ``how`` says whether the model was
    "traced" or "watched".
    """

    layers: tuple[LayerInit, ...]
    left: tuple[tuple[str, str], ...]
    scheme: str
    distribution: str
    corrected: bool
    how: str

    def title(self) -> str:
        """The counts, as a sentence."""
        ones = "layer" if len(self.layers) == 1 else "layers"
        corrected = ", corrected on the batch" if self.corrected else ""
        return (
            f"{len(self.layers)} {ones} set ({self.scheme}, {self.distribution}{corrected}), "
            f"{len(self.left)} left"
        )

    def rows(self) -> list[dict[str, Any]]:
        """One dict a layer that was set."""
        return [
            {
                "layer": one.path,
                "kind": one.kind,
                "fed by": one.fed_by,
                "followed by": one.followed_by,
                "fan": one.fan,
                "gain": one.gain,
                "std": one.std,
                "bias std": one.bias_std,
                "expected": one.expected,
                "before": one.before,
                "after": one.after,
                "why": one.why,
            }
            for one in self.layers
        ]

    def lines(self) -> list[dict[str, str]]:
        """The columns that fit a terminal."""
        shown = ("layer", "fed by", "followed by", "gain", "expected", "before", "after", "why")
        all_lines = super().lines()
        return [{name: line[name] for name in shown} for line in all_lines]

    def notes(self) -> list[str]:
        """What was left, and what the columns hold."""
        said = [f"{path} left: {why}." for path, why in self.left]
        if any(one.after is not None for one in self.layers):
            said.append("before, after: variance about 0 of the layer's outputs on the batch.")
        return said


def init_(
    model: nn.Module,
    inputs: Any = None,
    *,
    distribution: Distribution = "normal",
    scheme: Scheme = "critical",
    correct: bool = False,
    generator: torch.Generator | None = None,
) -> InitReport:
    """Set the weights and biases of ``model``, in place, for the activations it has.

    Set are Linear, Bilinear and all convolutions, also transposed: weights with standard
    deviation gain/sqrt(fan) and biases with sigma_b, both from the function that *feeds* the
    layer, since the layer's weights multiply f(z) and so must make up for what f did to the
    variance. :func:`ogive.torch.scales.scale` gives the formulas of the three schemes. The first
    layer is fed by data, counted as standardised (mean square 1), and so has gain 1; the output
    layer makes up for the last hidden function. ``torch.nn.init.calculate_gain`` is given the
    function that *follows* a layer, which is the same in the middle of a stack of equal layers
    and differs at its two ends. In forward scheme the gains of linear, ReLU and leaky ReLU are
    those of ``calculate_gain``; GELU, SiLU, Mish, ELU and all others are integrated. Its 5/3 for
    tanh is a rule of thumb (1.592 keeps variance 1); its 3/4 for SELU makes the signal shrink by
    0.56 a layer, where SELU is made for gain 1 (Klambauer et al. 2017, arXiv:1706.02515); its 1
    for the sigmoid counts neither its mean nor its slope (1.846 forward).

    A product of two values has the product of their mean squares; a concatenation their average;
    a sum counts as 1, as do normalised values, embeddings and the outputs of attention and
    recurrent cells. Pooling is not predicted. Where normalisation follows a layer its scale is
    free: the report says so. The last layer of each of N residual branches without normalisation
    at its end gets its variance divided by N.

    Left alone are embeddings and what is tied to them, normalisation, recurrent and attention
    weights, frozen parameters (``requires_grad`` False), and parametrised ones. Weights that two
    layers share are set once.

    ``inputs`` is a batch: a tensor, a tuple of arguments or a dict of named ones. With it the
    model is watched instead of traced by torch.fx, and variances are measured before and after.
    ``correct`` rescales each layer's weights, in order, so that its outputs have the expected
    variance on the batch (Mishkin and Matas 2015, arXiv:1511.06422, in one pass); layers for
    which none is expected, and the scheme "backward", are not corrected. ``distribution`` is
    "normal", "uniform" or "orthogonal" (Saxe et al. 2013, arXiv:1312.6120; scaled to the same
    mean square). ``generator`` makes the draws repeatable. Dtypes and devices stay.

    Raises :class:`OgiveError` for a wrong choice, a TorchScript module, uninitialised lazy
    layers, a model that must be watched and has no ``inputs``, and a function that no weights
    suit.

    Example: ``print(ogive.init_(model, batch, correct=True))``.
    """
    _check(model, inputs, distribution, scheme, correct)
    flow = flow_of(model, inputs)
    closed = [s for s in flow.steps if s.kind == "opaque" and s.module is not None]
    for step in closed:
        if flow.how == "traced" and _has_plain_layers(step.module):
            raise CannotTrace(
                f"what {step.name} does with its layers cannot be traced; give a batch as inputs, "
                f"so that it can be watched"
            )
    found, left = _to_set(model, layers(flow))
    before = measured(model, inputs, found)
    set_to = [_plan(layer, scheme) for layer in found]
    with torch.no_grad():
        for layer, plan in zip(found, set_to, strict=True):
            draw(layer.module, plan, distribution, generator)
    factors = corrected(model, inputs, found, set_to) if correct else {}
    after = measured(model, inputs, found)
    reports = []
    for layer, plan in zip(found, set_to, strict=True):
        factor = factors.get(layer.path, 1.0)
        why = plan.why + (f"; corrected by {factor:.3g}" if layer.path in factors else "")
        if correct and layer.path not in factors:
            why += "; not corrected"
        gain = plan.gain * factor
        reports.append(
            LayerInit(
                layer.path,
                type(layer.module).__name__,
                layer.fed.label,
                layer.ahead.label,
                plan.fan,
                gain,
                gain / math.sqrt(plan.fan),
                plan.bias if layer.module.bias is not None else None,
                why,
                plan.expected,
                before.get(layer.path),
                after.get(layer.path),
            )
        )
    return InitReport(tuple(reports), tuple(left), scheme, distribution, correct, flow.how)


def _check(model: nn.Module, inputs: Any, distribution: str, scheme: str, correct: bool) -> None:
    refuse_scripts(model)
    for name, given, known in (
        ("distribution", distribution, DISTRIBUTIONS),
        ("scheme", scheme, SCHEMES),
    ):
        if given not in known:
            raise OgiveError(f"{name}={given!r} is unknown; choose {', '.join(known)}")
    if correct and inputs is None:
        raise OgiveError("correct=True measures the model on a batch; give one as inputs")
    if correct and scheme == "backward":
        raise OgiveError(
            "scheme='backward' keeps the variance of gradients, while correct=True sets that of "
            "the signal; choose 'forward' or 'critical', or leave correct out"
        )
    for name, weight in model.named_parameters():
        if isinstance(weight, nn.parameter.UninitializedParameter) or weight.is_meta:
            raise OgiveError(
                f"{name} has no memory yet; run the model once on a batch, or move it from the "
                f"meta device with to_empty, before its weights are set"
            )


def _has_plain_layers(module: nn.Module | None) -> bool:
    known = isinstance(module, nn.MultiheadAttention | nn.RNNBase | nn.RNNCellBase)
    return module is not None and not known and holds_weights(module)


def _to_set(model: nn.Module, seen: list[Layer]) -> tuple[list[Layer], list[tuple[str, str]]]:
    """The layers whose weights are set, and those that are left with the reason."""
    left: list[tuple[str, str]] = []
    taken: dict[int, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, LOOKUPS):
            taken[id(module.weight)] = path
            left.append((path, "an embedding"))
        elif isinstance(module, nn.RNNBase | nn.RNNCellBase | nn.MultiheadAttention):
            left.append((path, "recurrent and attention weights keep PyTorch's own"))
    chosen: list[Layer] = []
    for layer in seen:
        why = _why_left(layer.module, taken)
        if why:
            left.append((layer.path, why))
            continue
        taken[id(layer.module.weight)] = layer.path
        chosen.append(layer)
    reached = {id(layer.module) for layer in seen}
    within = [
        id(part)
        for module in model.modules()
        if isinstance(module, nn.RNNBase | nn.RNNCellBase | nn.MultiheadAttention)
        for part in module.modules()
    ]
    for path, module in model.named_modules():
        if isinstance(module, WEIGHTED) and id(module) not in {*reached, *within}:
            left.append((path, "the model's forward does not reach it"))
    return chosen, left


def _why_left(module: nn.Module, taken: dict[int, str]) -> str:
    weight = module._parameters.get("weight")
    if weight is None:
        return "its weight is computed by a parametrisation"
    if id(weight) in taken:
        return f"its weight is that of {taken[id(weight)]}"
    if not weight.requires_grad:
        return "its weight is frozen"
    return "" if weight.is_floating_point() else "its weight holds no real numbers"


def _plan(layer: Layer, scheme: Scheme) -> Plan:
    """The scale for a layer: by the function that feeds it, or by what else does."""
    ahead = layer.ahead.function
    following = scale(ahead, scheme) if ahead is not None and scheme == "critical" else None
    fed = layer.fed
    if fed.function is not None and fed.plain:
        suits = scale(fed.function, scheme)
        if following is not None and following.length and suits.length and fed.function != ahead:
            suits = _towards(suits, following, fed.function)
    elif scheme == "backward" and fed.label == LINEAR:
        suits = Scale(1.0, 0.0, None, "keeps the gradient", "out")
    else:
        suits = _unfed(fed.second, following)
    why, gain, expected = suits.why, suits.weight, suits.length
    if layer.share < 1:
        gain *= math.sqrt(layer.share)
        expected = None if expected is None else expected * layer.share
        why += f"; a residual branch of {round(1 / layer.share)}"
    if layer.ahead.normed:
        why += "; scale free, normalised after"
    fan_in, fan_out = fans(layer.module)
    return Plan(gain, fan_in if suits.fan == "in" else fan_out, suits.bias, expected, why)


def _unfed(second: float, following: Scale | None) -> Scale:
    """Values of mean square ``second`` to the variance that the following function keeps."""
    length = following.length if following is not None and following.length else 1.0
    bias = following.bias if following is not None else 0.0
    second = second if second > 0 else 1.0
    weight = math.sqrt(max(length - bias**2, 1e-6) / second)
    return Scale(weight, bias, length, f"to variance {length:.3g}")


def _towards(suits: Scale, following: Scale, function: Any) -> Scale:
    """From the variance that one function keeps to that which the next, another one, keeps."""
    assert suits.length is not None
    assert following.length is not None
    made = second_moment(function, suits.length)
    onward = _unfed(made, following)
    return replace(onward, why=f"{suits.why}; to variance {following.length:.3g}")
