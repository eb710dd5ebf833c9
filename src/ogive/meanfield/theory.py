"""``ogive.theory``: what a function does in a deep random network, before any training."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from ogive.door import room
from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.meanfield import edge, words
from ogive.meanfield.correlations import CorrelationPoint, correlation_map
from ogive.meanfield.edge import LARGEST, CriticalPoint
from ogive.meanfield.gains import gain, gradient_gain
from ogive.meanfield.lengths import (
    FADES,
    GROWS,
    KEPT,
    SETTLES,
    LengthPoint,
    at_length,
    destination,
    fixed_lengths,
    lengths,
)
from ogive.meanfield.moments import jumps, moments
from ogive.shown import Sheet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from rich.console import RenderableType

CRITICAL = 1e-6  # |chi - 1| below which it counts as 1
SCALES = 6.0  # depth scales that training still reaches: Schoenholz et al. 2017, figure 5
SMALLEST = 1e-6  # scale of weights


@dataclass(frozen=True)
class DepthScales:
    """Layers in which a deviation shrinks (or grows) by e; infinite at 1, None where none exists.

    ``length`` is 1/|log slope of the length map|, ``correlation`` 1/|log slope of the correlation
    map| at the correlation reached, ``gradient`` 1/|log(gradient factor)|.
    """

    length: float | None = None
    correlation: float | None = None
    gradient: float | None = None


@dataclass(frozen=True)
class Theory(Sheet):
    """What mean-field theory says of ``label`` at ``sigma_w`` and ``sigma_b``.

    Weights have variance sigma_w^2/fan_in and biases sigma_b^2. ``mean``, ``second_moment`` and
    ``slope_second_moment`` are E f, E f^2 and E f'^2 at z ~ N(0, 1); ``mean_shift`` is
    E f/sqrt(E f^2) at the length reached, or at 1. ``gain`` keeps the signal, ``gradient_gain`` the
    gradient; ``gradient_at_gain`` is the gradient's factor a layer at the first and
    ``signal_at_gradient_gain`` the signal's at the second.

    ``fate`` says what becomes of an input of length 1: it "settles" at ``length`` (q*), is "kept"
    as every length is, "grows" or "fades". ``chi`` is the slope of the correlation
    map at 1 (None where there is no fixed length, and for a jump, where it is infinite),
    ``gradient_factor`` the factor a layer of the squared gradient, ``phase`` "ordered", "chaotic"
    or "critical"; ``correlation`` (c*) is what two inputs end with. ``trainable_depth`` is about
    six depth scales. What does not exist is None, and ``notes`` say why.
    """

    label: str
    sigma_w: float
    sigma_b: float
    mean: float
    second_moment: float
    slope_second_moment: float
    mean_shift: float
    gain: float | None
    gradient_gain: float | None
    gradient_at_gain: float | None
    signal_at_gradient_gain: float | None
    fate: str
    length: float | None
    length_slope: float | None
    fixed_lengths: tuple[LengthPoint, ...]
    chi: float | None
    gradient_factor: float | None
    phase: str | None
    correlation: float | None
    fixed_correlations: tuple[CorrelationPoint, ...]
    depth_scales: DepthScales
    trainable_depth: float | None
    critical_point: CriticalPoint | None
    verdict: str
    notes: tuple[str, ...]
    function: Activation = field(repr=False)

    def critical(self, sigma_b: float = 0.0) -> CriticalPoint:
        """The point of the edge of chaos at ``sigma_b``.

        Raises :class:`OgiveError` where there is none.
        """
        return edge.critical(self.function, sigma_b)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON can hold it: what is infinite or does not exist is None."""
        plain: dict[str, Any] = {
            f.name: _finite(getattr(self, f.name)) for f in fields(self) if f.name != "function"
        }
        return plain

    def rows(self) -> list[tuple[str, str]]:
        """The record's lines as pairs (title, text)."""
        return words.rows(self)

    def table(self) -> pd.DataFrame:
        """The numbers, a row each: quantity and value (NaN where there is none)."""
        import pandas as pd

        plain = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if isinstance(getattr(self, f.name), float | None)
        }
        for name in ("length", "correlation", "gradient"):
            plain[f"depth_scale_of_{name}"] = getattr(self.depth_scales, name)
        values = [math.nan if value is None else value for value in plain.values()]
        return pd.DataFrame({"quantity": list(plain), "value": values})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the phase diagram on ``ax``; :func:`figure` draws all three pictures."""
        return room("report.theory_figures").draw_phases(self, ax)  # type: ignore[no-any-return]

    def figure(self) -> Any:
        """A figure of its own: length map, correlation map and phase diagram."""
        return room("report.theory_figures").theory_figure(self)

    def _heading(self) -> str:
        return f"{self.label} in a deep random network"

    def _sentence(self) -> str:
        return self.verdict

    def _below(self) -> list[RenderableType]:
        from rich.text import Text

        return [Text(f"Note: {note}", style="dim") for note in self.notes]

    def _below_html(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(note)}</li>" for note in self.notes) + "</ul>"


def theory(act: Activation | str, sigma_w: float | None = None, sigma_b: float = 0.0) -> Theory:
    """What ``act`` does in a wide, deep network of random weights.

    Weights are drawn with variance sigma_w^2/fan_in and biases with sigma_b^2. Without ``sigma_w``
    it is the variance-keeping gain. Formulas: Poole et al. 2016 (arXiv:1606.05340), Schoenholz et
    al. 2017 (arXiv:1611.01232), Hayou et al. 2019 (arXiv:1902.06853).

    Raises :class:`OgiveError` for scales that are no such numbers, and for a function whose
    Gaussian moments are not finite or do not converge.
    """
    act = registry.get(act)
    if sigma_w is not None and not SMALLEST <= sigma_w <= LARGEST:
        raise OgiveError(f"sigma_w is {sigma_w:g}; give a number from {SMALLEST:g} to {LARGEST:g}")
    if not 0 <= sigma_b <= LARGEST:
        raise OgiveError(f"sigma_b is {sigma_b:g}; give a number from 0 to {LARGEST:g}")
    at_one = moments(act)
    weight = gain(act) if sigma_w is None else float(sigma_w)
    notes: list[str] = []
    forward = _or_note(lambda: gain(act), notes)
    backward = _or_note(lambda: gradient_gain(act), notes)
    kept = fixed_lengths(act, weight, sigma_b)
    fate, reached = destination(act, weight, sigma_b, kept)
    found = _Propagation.of(act, weight, float(sigma_b), fate, reached)
    at_reached = moments(act, 0.0, found.length) if found.length else at_one
    try:
        point: CriticalPoint | None = edge.critical(act, sigma_b)
    except OgiveError as error:
        point = None
        notes.append(f"{error}.")
    made = Theory(
        label=act.label,
        sigma_w=weight,
        sigma_b=float(sigma_b),
        mean=at_one.mean,
        second_moment=at_one.second,
        slope_second_moment=at_one.slope_second,
        mean_shift=at_reached.mean / math.sqrt(at_reached.second) if at_reached.second else 0.0,
        gain=forward,
        gradient_gain=backward,
        gradient_at_gain=None if forward is None else forward**2 * at_one.slope_second,
        signal_at_gradient_gain=None if backward is None else backward**2 * at_one.second,
        fate=fate,
        length=found.length,
        length_slope=found.length_slope,
        fixed_lengths=kept,
        chi=found.chi,
        gradient_factor=found.gradient_factor,
        phase=found.phase,
        correlation=found.correlation,
        fixed_correlations=found.correlations,
        depth_scales=found.scales,
        trainable_depth=found.trainable,
        critical_point=point,
        verdict="",
        notes=tuple(notes),
        function=act,
    )
    return replace(made, verdict=words.verdict(made), notes=(*words.notes(made), *notes))


def _or_note(found: Callable[[], float], notes: list[str]) -> float | None:
    try:
        return found()
    except OgiveError as error:
        notes.append(f"{error}.")
        return None


@dataclass(frozen=True)
class _Propagation:
    """The part of a :class:`Theory` that depends on where the lengths end."""

    length: float | None = None
    length_slope: float | None = None
    chi: float | None = None
    gradient_factor: float | None = None
    phase: str | None = None
    correlation: float | None = None
    correlations: tuple[CorrelationPoint, ...] = ()
    scales: DepthScales = field(default_factory=DepthScales)
    trainable: float | None = None

    @classmethod
    def of(
        cls, act: Activation, sigma_w: float, sigma_b: float, fate: str, reached: LengthPoint | None
    ) -> _Propagation:
        table, jumping = lengths(act), bool(jumps(act))
        if fate in (SETTLES, KEPT) and reached is not None:
            factor = sigma_w**2 * at_length(act, reached.length)[2]
            return cls._at(act, reached, sigma_w, sigma_b, factor)
        if table.homogeneous:
            # Only the ratio of lengths matters: the correlation map is that of any length.
            ratio = sigma_w**2 * float(table.second[0] / table.grid[0])
            factor = sigma_w**2 * float(table.slopes[0])
            keeping = ratio**-0.5 * sigma_w
            same = cls._at(act, LengthPoint(1.0, ratio), keeping, 0.0, factor)
            length = None if fate == GROWS else 0.0
            scale = _scale(factor)
            return replace(same, length=length, trainable=None if scale is None else SCALES * scale)
        if fate == FADES and reached is not None:
            # Near 0 the function is its tangents there.
            slope = reached.slope
            scale = _scale(slope)
            return cls(
                length=0.0,
                length_slope=slope,
                chi=None if jumping else slope,
                gradient_factor=slope,
                phase=_phase(slope, jumping),
                scales=DepthScales(length=scale, gradient=scale),
                trainable=None if jumping or scale is None else SCALES * scale,
            )
        return cls()

    @classmethod
    def _at(
        cls, act: Activation, point: LengthPoint, sigma_w: float, sigma_b: float, factor: float
    ) -> _Propagation:
        curve = correlation_map(act, point.length, sigma_w, sigma_b)
        found = curve.fixed_points()
        goal = next((p for p in found if p.stable and p.correlation >= 0), None)
        jumping = bool(jumps(act))
        phase = _phase(factor, jumping)
        scale = _scale(goal.slope) if goal else math.inf
        return cls(
            length=point.length,
            length_slope=point.slope,
            chi=None if jumping else factor,
            gradient_factor=factor,
            phase=phase,
            correlation=goal.correlation if goal else None,
            correlations=found,
            scales=DepthScales(_scale(point.slope), scale, _scale(factor)),
            trainable=None if jumping or scale is None else SCALES * scale,
        )


def _phase(factor: float, jumping: bool) -> str:
    if jumping:
        return "chaotic"
    if abs(factor - 1) < CRITICAL:
        return "critical"
    return "ordered" if factor < 1 else "chaotic"


def _scale(factor: float) -> float | None:
    """1/|log factor|: 0 where a deviation is gone after one layer, infinite at 1."""
    size = abs(factor)
    if not math.isfinite(size):
        return None
    if abs(size - 1) < CRITICAL:
        return math.inf
    return 0.0 if size < words.NOTHING else 1 / abs(math.log(size))


def _finite(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if is_dataclass(value):
        return {f.name: _finite(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
