"""What is wrong: rules over the figures, each with its threshold, its source and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ogive.diagnosis.figures import LayerHealth
from ogive.torch.find import FUSED_CELL, HIDDEN

if TYPE_CHECKING:
    from ogive.diagnosis.health import Health

Kind: TypeAlias = Literal["init", "swap", "rate", "inputs", "hand"]
FAULT, WARNING = "fault", "warning"
SAMPLES = 8  # that a judgement about samples needs
UNITS = 4  # that a judgement about units needs


@dataclass(frozen=True)
class Remedy:
    """Something to do: ``kind`` and ``argument`` say it to ``try_remedies``, ``text`` to people.

    "init" sets the weights anew by :func:`ogive.init_`, "swap" puts the function ``argument`` in,
    "rate" multiplies the learning rate by ``argument``, "inputs" standardises the inputs; "hand"
    is for people to do.
    """

    kind: Kind
    argument: str
    text: str


@dataclass(frozen=True)
class Finding:
    """Something wrong: ``rule`` fired at ``where``, since ``figure`` is past ``threshold``.

    ``severity`` is "fault" (it keeps the model from learning) or "warning" (it may). ``said`` is
    the evidence as a sentence, ``source`` where the rule comes from, and ``theory`` what
    :func:`ogive.theory` says of the function at the weights that were found, where it is of help.
    """

    rule: str
    severity: str
    where: tuple[str, ...]
    figure: float | None
    threshold: float | None
    said: str
    source: str
    remedies: tuple[Remedy, ...] = ()
    theory: str = ""


@dataclass(frozen=True)
class Limit:
    """A threshold and its source."""

    value: float
    source: str


GLOROT = "Glorot and Bengio 2010, Understanding the difficulty of training deep networks"
HE = "He et al. 2015, arXiv:1502.01852"
DEEP = "Schoenholz et al. 2017, arXiv:1611.01232"
HANIN = "Hanin 2018, arXiv:1801.03744"
LECUN = "LeCun, Bottou, Orr and Mueller 1998, Efficient BackProp"
KARPATHY = "Karpathy, CS231n notes, Neural Networks 3: about 1e-3 is usual"

# The values are set on benchmarks/doctor.py; what is measured, and its source.
LIMITS: dict[str, Limit] = {
    "dead units": Limit(0.5, "Lu et al. 2019, arXiv:1903.06733"),
    "almost always off": Limit(0.97, "Lu et al. 2019, arXiv:1903.06733"),
    "saturated": Limit(0.3, GLOROT),
    "signal too large": Limit(30.0, HE),
    "signal too small": Limit(1e-3, HE),
    "vanishing gradient": Limit(1e-3, DEEP),
    "exploding gradient": Limit(1e3, HANIN),
    "samples look alike": Limit(0.9995, DEEP),
    "rank collapse": Limit(1.5, "Daneshmand et al. 2020, arXiv:2003.01652"),
    "unscaled inputs": Limit(20.0, LECUN),
    "uneven inputs": Limit(100.0, LECUN),
    "equal units": Limit(
        0.0, "Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.4"
    ),
    "one-hot attention": Limit(0.9, "Zhai et al. 2023, arXiv:2303.06296"),
    "steps too large": Limit(0.3, KARPATHY),
    "steps too small": Limit(1e-7, KARPATHY),
    "output unit": Limit(0.0, "the definition of the loss in PyTorch's documentation"),
    "not finite": Limit(0.0, "IEEE 754: every later value and gradient is lost"),
}  # fmt: skip


def hidden(health: Health) -> list[LayerHealth]:
    """The rows on the way from inputs to outputs: no gates, no output unit, no softmax."""
    return [
        r for r in health.layers
        if r.role in (HIDDEN, FUSED_CELL) and r.kind == "activation" and r.units
    ]  # fmt: skip


def gradient_ratio(health: Health) -> float | None:
    """The gradient's norm at the first hidden function over that at the last."""
    found = [r.gradient for r in hidden(health) if r.gradient is not None]
    if len(found) < 2 or not found[-1]:
        return None
    return found[0] / found[-1]


def decay(health: Health) -> float | None:
    """The factor of the gradient's norm from one hidden function to the one before it."""
    ratio = gradient_ratio(health)
    steps = sum(r.gradient is not None for r in hidden(health)) - 1
    return None if ratio is None or steps < 1 else ratio ** (1 / steps)
