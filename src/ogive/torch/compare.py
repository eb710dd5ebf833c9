"""``ogive.compare``: what theory predicts of a network beside what is measured in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import torch
from ogive.door import room
from ogive.errors import OgiveError
from ogive.meanfield.finite import Dense, draw_networks
from ogive.shown import Shown
from ogive.torch.band import CONFIDENCE, FEWEST, QUANTITIES, Band, simultaneous
from ogive.torch.chains import Chain, chains
from ogive.torch.draw import fans
from ogive.torch.find import refuse_scripts
from ogive.torch.flow import flow_of
from ogive.torch.geometry import Predicted, Sampled, Scaled, cosine, mean_square, predict, redraw
from ogive.torch.traffic import Traffic, observed, parted
from torch import nn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DENSE, CONVOLVED = 400, 200  # random networks behind a band


@dataclass(frozen=True)
class Beside:
    """A quantity of a layer: ``predicted`` for infinite width, ``measured``, and the band.

    From ``low`` to ``high`` lie random networks of this width. What is not predicted is None.
    """

    predicted: float | None = None
    measured: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def inside(self) -> bool | None:
        """Whether the measured value lies in the band; None where there is no band."""
        if self.measured is None or self.low is None or self.high is None:
            return None
        return self.low <= self.measured <= self.high

    def __str__(self) -> str:
        if self.measured is None:
            return "-"
        if self.low is None or self.predicted is None:
            return f"{self.measured:.3g}"
        mark = "" if self.inside else " !"
        return f"{self.measured:.3g}{mark} | {self.predicted:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True)
class LayerComparison:
    """Prediction beside measurement for a layer with weights.

    ``function`` is the activation whose values it takes in, None for the first of a chain;
    ``sigma_w`` and ``sigma_b`` are those of its weights. ``variance`` is the mean square of its
    outputs (pre-activations), ``correlation`` the mean cosine between those of two inputs, and
    ``gradient`` the mean square of the gradient by them. ``note`` says what is blank, and why.
    """

    path: str
    kind: str
    function: str | None
    sigma_w: float
    sigma_b: float
    variance: Beside
    correlation: Beside
    gradient: Beside
    note: str = ""

    @property
    def inside(self) -> bool | None:
        """Whether all that has a band lies in it; None where nothing has one."""
        found = [getattr(self, q).inside for q in QUANTITIES]
        known = [one for one in found if one is not None]
        return all(known) if known else None


@dataclass(frozen=True)
class Comparison(Shown):
    """What :func:`compare` found, layer by layer in the order of the computation.

    ``left`` are pairs of a layer and why nothing is predicted; ``networks`` is how many random
    networks the band of ``confidence`` comes from, and ``inputs`` how many inputs were compared.
    """

    layers: tuple[LayerComparison, ...]
    left: tuple[tuple[str, str], ...]
    networks: int
    inputs: int
    confidence: float = CONFIDENCE

    @property
    def outside(self) -> tuple[LayerComparison, ...]:
        """The layers with something outside the band."""
        return tuple(one for one in self.layers if one.inside is False)

    @property
    def inside(self) -> bool:
        """Whether everything that has a band lies in it."""
        return not self.outside

    def title(self) -> str:
        """The verdict, as a sentence."""
        count = f"{len(self.layers)} layer{'' if len(self.layers) == 1 else 's'}"
        if not self.outside:
            return f"{count} compared: all as in random networks of this width"
        return f"{count} compared: {len(self.outside)} outside of what random networks do"

    def rows(self) -> list[dict[str, Any]]:
        """One dict a layer, with every figure."""
        found = []
        for one in self.layers:
            row: dict[str, Any] = {
                "layer": one.path,
                "kind": one.kind,
                "takes in": one.function,
                "sigma_w": one.sigma_w,
                "sigma_b": one.sigma_b,
            }
            for name in QUANTITIES:
                beside = getattr(one, name)
                row |= {
                    f"{name} {part}": getattr(beside, part)
                    for part in ("predicted", "measured", "low", "high")
                }
            found.append(row | {"note": one.note})
        return found

    def lines(self) -> list[dict[str, str]]:
        """The columns that fit a terminal."""
        return [
            {
                "layer": one.path,
                "takes in": one.function or "-",
                "sigma_w": f"{one.sigma_w:.3g}",
                **{name: str(getattr(one, name)) for name in QUANTITIES},
                "note": one.note,
            }
            for one in self.layers
        ]

    def notes(self) -> list[str]:
        """How to read the figures, and what was left."""
        said = [
            f"measured | predicted for infinite width [where random networks of this width and "
            f"these scales lie: {self.confidence:.0%} of them in all bands at once, by "
            f"{self.networks} draws]; ! is outside. {self.inputs} inputs."
        ]
        return said + [f"{path} left: {why}." for path, why in self.left]

    def plot(self, ax: Axes | None = None, quantity: str = "variance") -> Axes:
        """Draw one quantity by layer on ``ax``: "variance", "correlation" or "gradient".

        :func:`figure` draws all three.
        """
        if quantity not in QUANTITIES:
            raise OgiveError(f"quantity={quantity!r} is unknown; choose {', '.join(QUANTITIES)}")
        figures = room("report.comparison_figures")
        return figures.draw_quantity(self, quantity, ax)  # type: ignore[no-any-return]

    def figure(self) -> Any:
        """A figure of its own: variance, correlation and gradient by layer."""
        return room("report.comparison_figures").comparison_figure(self)


def compare(
    model: nn.Module,
    inputs: Any,
    *,
    rows: int = 8,
    networks: int | None = None,
    seed: int = 0,
) -> Comparison:
    """Prediction beside measurement in ``model``, layer by layer, on the batch ``inputs``.

    Compared are, for each layer's outputs (pre-activations): their mean square, the mean cosine
    between those of two inputs, and the mean square of the gradient by them, for a standard
    normal gradient at the model's output. ``rows`` inputs of the batch, evenly spaced, are taken.

    The prediction is that of mean-field theory (Poole et al. 2016, arXiv:1606.05340; Schoenholz
    et al. 2017, arXiv:1611.01232) for weights of the layers' own scales: sigma_w^2 = fan_in times
    the weights' mean square, sigma_b^2 the biases'. A chain of Linear and Conv layers with one
    function between them is followed from the values that its first layer takes in, as measured,
    and its gradients from the measured one at its end; convolutions are followed place by place.
    What interrupts a chain (normalisation, pooling, sums, attention, recurrence) is not
    predicted: the layer behind starts anew, as its ``note`` says.

    The band holds 99% of random networks with these widths and scales in all layers and
    quantities at once. It is simulated from ``networks`` draws (400; 200 with convolutions):
    chains of Linear layers from their exact joint law, convolutions by drawing their weights.
    Drawn weights are Gaussian; a network with uniform weights fluctuates a little less and one
    with orthogonal weights much less. A network outside its band has weights that are not
    independent draws: trained, tied, of low rank, or scaled elsewhere. That a scale is a bad one
    shows in the prediction itself.

    The model is left as it was. Raises :class:`OgiveError` for a model without layers, a batch
    that cannot be used and a wrong number of ``rows`` or ``networks``.

    Example: ``print(ogive.compare(model, batch)); ogive.compare(model, batch).figure()``.
    """
    refuse_scripts(model)
    if rows < 1:
        raise OgiveError(f"rows={rows} leaves nothing to compare; give at least 1, better 8")
    if networks is not None and networks < FEWEST:
        raise OgiveError(
            f"networks={networks} are too few for a band of {CONFIDENCE:.0%}; give at least "
            f"{FEWEST}"
        )
    if inputs is None:
        raise OgiveError("compare measures the model on a batch; give one as inputs")
    found, left = chains(flow_of(model, inputs))
    traffic = observed(model, inputs, [link for chain in found for link in chain], seed)
    found = [part for chain in found for part in parted(chain, traffic)]
    if not found:
        raise OgiveError(
            f"{type(model).__name__} has no layer that theory can follow "
            f"({'; '.join(f'{path}: {why}' for path, why in left) or 'it has no weights'}); give a "
            f"model with Linear or Conv layers"
        )
    convolved = any(isinstance(x.module, nn.modules.conv._ConvNd) for c in found for x in c)
    count = networks or (CONVOLVED if convolved else DENSE)
    followed = [_follow(chain, traffic, rows, count, seed + i) for i, chain in enumerate(found)]
    bands = simultaneous([one.sampled for one in followed])
    order = list(traffic.outputs)
    made = [
        layer for one, band in zip(followed, bands, strict=True) for layer in _layers(one, band)
    ]
    made.sort(key=lambda layer: order.index(layer.path))
    most = max(one.inputs for one in followed)
    return Comparison(tuple(made), tuple(left), count, most)


@dataclass(frozen=True)
class _Followed:
    """A chain with all that was predicted, measured and drawn."""

    chain: Chain
    layers: list[Scaled]
    predicted: Predicted
    measured: list[dict[str, float]]
    sampled: Sampled
    inputs: int


def _follow(chain: Chain, traffic: Traffic, rows: int, networks: int, seed: int) -> _Followed:
    cut = traffic.cut(chain, rows)
    layers = [_scaled(link.module, link.function) for link in chain]
    measured = [
        {
            "variance": mean_square(out),
            "correlation": cosine(out),
            "gradient": math.nan if back is None else mean_square(back),
        }
        for out, back in zip(cut.outputs, cut.gradients, strict=True)
    ]
    end = cut.gradients[-1]
    gradient = torch.zeros_like(cut.outputs[-1]) if end is None else end
    predicted = predict(layers, cut.inputs.double(), gradient.double())
    if any(layer.convolves for layer in layers):
        generator = torch.Generator().manual_seed(seed)
        sampled = redraw(layers, cut.inputs, gradient, networks, generator)
    else:
        drawn = draw_networks(
            [Dense(one.units, one.sigma_w, one.sigma_b, one.function) for one in layers],
            cut.inputs.double().numpy().T,
            gradient.double().numpy().T,
            networks,
            np.random.default_rng(seed),
        )
        sampled = Sampled(drawn.second, drawn.correlation, drawn.gradient)
    # The gradient at the end is given; without one there is none to predict.
    sampled.gradient[:, slice(None) if end is None else slice(-1, None)] = math.nan
    return _Followed(chain, layers, predicted, measured, sampled, len(cut.inputs))


def _scaled(module: nn.Module, function: Any) -> Scaled:
    weight, bias = module.weight, module.bias
    assert isinstance(weight, torch.Tensor)
    sigma_b = math.sqrt(mean_square(bias)) if isinstance(bias, torch.Tensor) else 0.0
    sigma_w = math.sqrt(fans(module)[0] * mean_square(weight))
    return Scaled(module, sigma_w, sigma_b, function, weight.shape[0])


def _layers(one: _Followed, band: Band) -> list[LayerComparison]:
    predictions: dict[str, Sequence[float]] = {
        "variance": one.predicted.second,
        "correlation": one.predicted.correlation,
        "gradient": one.predicted.gradient,
    }
    made = []
    for i, (link, layer) in enumerate(zip(one.chain, one.layers, strict=True)):
        besides = {}
        for name in QUANTITIES:
            low, high = (end[i] for end in band.ends[name])
            known = math.isfinite(low) and math.isfinite(high)
            predicted = predictions[name][i]
            besides[name] = Beside(
                predicted if known and math.isfinite(predicted) else None,
                _or_none(one.measured[i][name]),
                float(low) if known else None,
                float(high) if known else None,
            )
        made.append(
            LayerComparison(
                link.path,
                type(link.module).__name__,
                None if link.function is None else link.function.label,
                layer.sigma_w,
                layer.sigma_b,
                **besides,
                note=_note(one, i),
            )
        )
    return made


def _note(one: _Followed, i: int) -> str:
    """What of a layer is measured only."""
    link, said = one.chain[i], []
    if link.start:
        said.append(f"starts from {link.start}, as measured")
    if link.end:
        reached = math.isfinite(one.measured[i]["gradient"])
        said.append(
            f"gradient given here, from {link.end}" if reached else "no gradient comes back"
        )
    if i == 0 and not math.isfinite(one.measured[0]["correlation"]):
        said.append("no correlation: one input, or an output that is 0")
    if not math.isfinite(one.predicted.second[i]):
        said.append("no prediction: a Gaussian moment of the function is not finite")
    return "; ".join(said)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
