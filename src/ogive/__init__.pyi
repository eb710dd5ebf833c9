"""Which activation function should my network use, and is the one I have hurting me?

``ogive.get("elu", alpha=0.5)`` is a function of the catalogue, ``ogive.elu(x, alpha=0.5)`` calls
one, ``ogive.choose(...)`` compares them on your data, ``ogive.theory("elu")`` says what one does in
a deep network. ``ogive.names()`` lists the catalogue.
Everything is loaded on first use.
"""

# Written by `python tools/stubs.py` from the catalogue. Change nothing here.

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ogive import cli as cli
from ogive import diagnosis as diagnosis
from ogive import errors as errors
from ogive import functions as functions
from ogive import jax as jax
from ogive import lab as lab
from ogive import meanfield as meanfield
from ogive import numerics as numerics
from ogive import report as report
from ogive import study as study
from ogive import torch as torch
from ogive.diagnosis.health import Health as Health
from ogive.diagnosis.probe import probe as probe
from ogive.diagnosis.watch import watch as watch
from ogive.errors import OgiveError as OgiveError
from ogive.functions.activation import Activation as Activation
from ogive.functions.activation import Definition as Definition
from ogive.functions.activation import Facts as Facts
from ogive.functions.activation import Parameter as Parameter
from ogive.functions.activation import Source as Source
from ogive.functions.formula import define as define
from ogive.functions.registry import names as names
from ogive.functions.registry import register as register
from ogive.functions.timing import Cost as Cost
from ogive.functions.vector import AxisFunction as _AxisFunction
from ogive.meanfield.gains import gain as gain
from ogive.meanfield.gains import gradient_gain as gradient_gain
from ogive.meanfield.moments import moments as moments
from ogive.meanfield.pairs import pair_moments as pair_moments
from ogive.meanfield.theory import Theory as Theory
from ogive.meanfield.theory import theory as theory
from ogive.report.figures import plot as plot
from ogive.study.choose import choose as choose
from ogive.study.estimators import OgiveClassifier as OgiveClassifier
from ogive.study.estimators import OgiveRegressor as OgiveRegressor
from ogive.study.takehome import load as load
from ogive.torch.compare import Comparison as Comparison
from ogive.torch.compare import compare as compare
from ogive.torch.initialise import InitReport as InitReport
from ogive.torch.initialise import init_ as init_
from ogive.torch.swap import Swap as Swap
from ogive.torch.swap import swap as swap
from torch import Tensor as _Tensor

class _JaxArray(Protocol):
    """What tells a JAX array (traced or not) from others, without importing JAX."""

    @property
    def aval(self) -> Any: ...
    @property
    def at(self) -> Any: ...
    @property
    def weak_type(self) -> bool: ...

class _Table(Protocol):
    """A column or a table of pandas or polars."""

    def to_numpy(self) -> Any: ...

_Jax = TypeVar("_Jax", bound=_JaxArray)
_Floating = TypeVar("_Floating", bound=np.floating[Any])
_Number = float | np.integer[Any] | np.bool
# Nested up to four deep; a type that holds itself would let any text pass.
_Row = Sequence[_Number]
_Lists = Sequence[_Number | Sequence[_Number | Sequence[_Number | _Row]]]
_Whole = NDArray[np.integer[Any]] | NDArray[np.bool]
_Mixed = _Table | Sequence[NDArray[Any]]

__version__: str

_AlongAxis = Literal[
    "bilinear",
    "concatenated_relu",
    "crelu",
    "entmax",
    "entmax15",
    "entmax_15",
    "gated_linear_unit",
    "geglu",
    "glu",
    "hardmax",
    "log_mean_exp",
    "log_softmax",
    "log_sum_exp",
    "logmeanexp",
    "logsoftmax",
    "logsumexp",
    "maxout",
    "reglu",
    "softmax",
    "softmax2d",
    "softmin",
    "sparsemax",
    "standardize",
    "swiglu",
]

# Such a name is a str too; the first that fits holds.
@overload
def get(name: _AlongAxis) -> _AxisFunction: ...  # type: ignore[overload-overlap]
@overload
def get(name: str | Activation, **parameters: float) -> Activation:
    """The activation called ``name``, with its parameters set.

    ``get("elu", alpha=0.5)`` and ``get("elu:alpha=0.5")`` are the same. An :class:`Activation`
    is returned with the given parameters changed. A formula stands for itself, and other names
    than x in it are its parameters: ``get("x*tanh(exp(x))")``, ``get("x*tanh(a*x):a=2")``.

    Raises :class:`UnknownName` for an unknown name (naming the nearest) or one that works along
    an axis, :class:`BadParameter` for an unknown parameter, one out of bounds, or one given twice,
    and :class:`BadFormula` for a formula that cannot be read."""

@overload
def sum_of_sigmoids(x: _Tensor, offsets: Any) -> _Tensor: ...
@overload
def sum_of_sigmoids(x: NDArray[_Floating], offsets: Any) -> NDArray[_Floating]: ...
@overload
def sum_of_sigmoids(x: _Whole | _Lists, offsets: Any) -> NDArray[np.float64]: ...
@overload
def sum_of_sigmoids(x: _Mixed, offsets: Any) -> NDArray[Any]: ...
@overload
def sum_of_sigmoids(x: _Floating, offsets: Any) -> _Floating: ...
@overload
def sum_of_sigmoids(x: _Number, offsets: Any) -> np.float64: ...
@overload
def absolute(x: _Tensor) -> _Tensor:
    """The absolute value: it keeps the size of its input and forgets the sign.

    f(x) = abs(x)
    """

@overload
def absolute(x: _Jax) -> _Jax: ...
@overload
def absolute(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def absolute(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def absolute(x: _Mixed) -> NDArray[Any]: ...
@overload
def absolute(x: _Floating) -> _Floating: ...
@overload
def absolute(x: _Number) -> np.float64: ...

modulus = absolute

@overload
def aptx(x: _Tensor, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0) -> _Tensor:
    """x gated by a tanh: with the defaults it is x times the logistic of 2x.

    f(x) = gamma*x*(alpha + tanh(beta*x))
    """

@overload
def aptx(x: _Jax, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0) -> _Jax: ...
@overload
def aptx(
    x: NDArray[_Floating], beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0
) -> NDArray[_Floating]: ...
@overload
def aptx(
    x: _Whole | _Lists, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0
) -> NDArray[np.float64]: ...
@overload
def aptx(x: _Mixed, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0) -> NDArray[Any]: ...
@overload
def aptx(x: _Floating, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0) -> _Floating: ...
@overload
def aptx(x: _Number, beta: float = 1.0, gamma: float = 0.5, alpha: float = 1.0) -> np.float64: ...
@overload
def arctan(x: _Tensor) -> _Tensor:
    """The arctangent: it nears -pi/2 and pi/2 as 1/x does.

    f(x) = atan(x)
    """

@overload
def arctan(x: _Jax) -> _Jax: ...
@overload
def arctan(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def arctan(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def arctan(x: _Mixed) -> NDArray[Any]: ...
@overload
def arctan(x: _Floating) -> _Floating: ...
@overload
def arctan(x: _Number) -> np.float64: ...

atan = arctan

@overload
def bent_identity(x: _Tensor) -> _Tensor:
    """Half as steep as the identity far below 0, half as steep again far above.

    f(x) = x + (sqrt(x**2 + 1) - 1)/2
    """

@overload
def bent_identity(x: _Jax) -> _Jax: ...
@overload
def bent_identity(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def bent_identity(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def bent_identity(x: _Mixed) -> NDArray[Any]: ...
@overload
def bent_identity(x: _Floating) -> _Floating: ...
@overload
def bent_identity(x: _Number) -> np.float64: ...
@overload
def bilinear(x: _Tensor, axis: int = -1) -> _Tensor:
    """The GLU without a gate function: the product of both halves.

    f(x) = a[i]*b[i] with a, b the two halves of x
    """

@overload
def bilinear(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def bilinear(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def bilinear(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def bilinear(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def bipolar_sigmoid(x: _Tensor) -> _Tensor:
    """The sigmoid stretched to between -1 and 1: a tanh half as steep.

    f(x) = (1 - exp(-x))/(1 + exp(-x))
    """

@overload
def bipolar_sigmoid(x: _Jax) -> _Jax: ...
@overload
def bipolar_sigmoid(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def bipolar_sigmoid(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def bipolar_sigmoid(x: _Mixed) -> NDArray[Any]: ...
@overload
def bipolar_sigmoid(x: _Floating) -> _Floating: ...
@overload
def bipolar_sigmoid(x: _Number) -> np.float64: ...
@overload
def celu(x: _Tensor, alpha: float = 1.0) -> _Tensor:
    """An ELU whose alpha stretches the bend instead of making a corner at 0.

    f(x) = max(0, x) + min(0, alpha*(exp(x/alpha) - 1))
    """

@overload
def celu(x: _Jax, alpha: float = 1.0) -> _Jax: ...
@overload
def celu(x: NDArray[_Floating], alpha: float = 1.0) -> NDArray[_Floating]: ...
@overload
def celu(x: _Whole | _Lists, alpha: float = 1.0) -> NDArray[np.float64]: ...
@overload
def celu(x: _Mixed, alpha: float = 1.0) -> NDArray[Any]: ...
@overload
def celu(x: _Floating, alpha: float = 1.0) -> _Floating: ...
@overload
def celu(x: _Number, alpha: float = 1.0) -> np.float64: ...
@overload
def cloglog(x: _Tensor) -> _Tensor:
    """A lopsided sigmoid: it leaves 0 as the logistic does and reaches 1 much sooner.

    f(x) = 1 - exp(-exp(x))
    """

@overload
def cloglog(x: _Jax) -> _Jax: ...
@overload
def cloglog(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def cloglog(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def cloglog(x: _Mixed) -> NDArray[Any]: ...
@overload
def cloglog(x: _Floating) -> _Floating: ...
@overload
def cloglog(x: _Number) -> np.float64: ...

complementary_log_log = cloglog

@overload
def cosine(x: _Tensor, frequency: float = 1.0) -> _Tensor:
    """The cosine: with fixed random weights, the random features of a kernel.

    f(x) = cos(frequency*x)
    """

@overload
def cosine(x: _Jax, frequency: float = 1.0) -> _Jax: ...
@overload
def cosine(x: NDArray[_Floating], frequency: float = 1.0) -> NDArray[_Floating]: ...
@overload
def cosine(x: _Whole | _Lists, frequency: float = 1.0) -> NDArray[np.float64]: ...
@overload
def cosine(x: _Mixed, frequency: float = 1.0) -> NDArray[Any]: ...
@overload
def cosine(x: _Floating, frequency: float = 1.0) -> _Floating: ...
@overload
def cosine(x: _Number, frequency: float = 1.0) -> np.float64: ...

cos = cosine

@overload
def crelu(x: _Tensor, axis: int = -1) -> _Tensor:
    """Keeps both signs apart: twice as many outputs as inputs.

    f(x) = relu(x) followed by relu(-x)
    """

@overload
def crelu(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def crelu(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def crelu(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def crelu(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

concatenated_relu = crelu

@overload
def dsilu(x: _Tensor) -> _Tensor:
    """The derivative of the SiLU: a steeper sigmoid that overshoots on both sides.

    f(x) = (1 + x*exp(-x)/(1 + exp(-x)))/(1 + exp(-x))
    """

@overload
def dsilu(x: _Jax) -> _Jax: ...
@overload
def dsilu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def dsilu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def dsilu(x: _Mixed) -> NDArray[Any]: ...
@overload
def dsilu(x: _Floating) -> _Floating: ...
@overload
def dsilu(x: _Number) -> np.float64: ...
@overload
def dyt(x: _Tensor, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0) -> _Tensor:
    """A tanh with a learned scale and an affine map, in place of normalisation.

    f(x) = weight*tanh(alpha*x) + bias
    """

@overload
def dyt(x: _Jax, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0) -> _Jax: ...
@overload
def dyt(
    x: NDArray[_Floating], alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0
) -> NDArray[_Floating]: ...
@overload
def dyt(
    x: _Whole | _Lists, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0
) -> NDArray[np.float64]: ...
@overload
def dyt(x: _Mixed, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0) -> NDArray[Any]: ...
@overload
def dyt(x: _Floating, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0) -> _Floating: ...
@overload
def dyt(x: _Number, alpha: float = 0.5, weight: float = 1.0, bias: float = 0.0) -> np.float64: ...

dynamic_tanh = dyt

@overload
def e_swish(x: _Tensor, beta: float = 1.5) -> _Tensor:
    """The SiLU times a constant between 1 and 2.

    f(x) = beta*x/(1 + exp(-x))
    """

@overload
def e_swish(x: _Jax, beta: float = 1.5) -> _Jax: ...
@overload
def e_swish(x: NDArray[_Floating], beta: float = 1.5) -> NDArray[_Floating]: ...
@overload
def e_swish(x: _Whole | _Lists, beta: float = 1.5) -> NDArray[np.float64]: ...
@overload
def e_swish(x: _Mixed, beta: float = 1.5) -> NDArray[Any]: ...
@overload
def e_swish(x: _Floating, beta: float = 1.5) -> _Floating: ...
@overload
def e_swish(x: _Number, beta: float = 1.5) -> np.float64: ...

eswish = e_swish

@overload
def elish(x: _Tensor) -> _Tensor:
    """An ELU gated by the sigmoid: the SiLU above 0, and back to 0 faster below.

    f(x) = where(x >= 0, x, exp(x) - 1)/(1 + exp(-x))
    """

@overload
def elish(x: _Jax) -> _Jax: ...
@overload
def elish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def elish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def elish(x: _Mixed) -> NDArray[Any]: ...
@overload
def elish(x: _Floating) -> _Floating: ...
@overload
def elish(x: _Number) -> np.float64: ...
@overload
def elu(x: _Tensor, alpha: float = 1.0) -> _Tensor:
    """Linear above 0; below it bends to -alpha, which brings the mean nearer to 0.

    f(x) = where(x > 0, x, alpha*(exp(x) - 1))
    """

@overload
def elu(x: _Jax, alpha: float = 1.0) -> _Jax: ...
@overload
def elu(x: NDArray[_Floating], alpha: float = 1.0) -> NDArray[_Floating]: ...
@overload
def elu(x: _Whole | _Lists, alpha: float = 1.0) -> NDArray[np.float64]: ...
@overload
def elu(x: _Mixed, alpha: float = 1.0) -> NDArray[Any]: ...
@overload
def elu(x: _Floating, alpha: float = 1.0) -> _Floating: ...
@overload
def elu(x: _Number, alpha: float = 1.0) -> np.float64: ...
@overload
def entmax15(x: _Tensor, axis: int = -1) -> _Tensor:
    """Half-way between softmax and sparsemax: smooth, yet with shares of exactly 0.

    f(x) = max(0, x[i]/2 - t)**2 with t such that the sum is 1
    """

@overload
def entmax15(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def entmax15(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def entmax15(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def entmax15(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

entmax = entmax15

entmax_15 = entmax15

@overload
def erf(x: _Tensor) -> _Tensor:
    """The error function: of all S-shapes here it nears its limits the fastest.

    f(x) = erf(x)
    """

@overload
def erf(x: _Jax) -> _Jax: ...
@overload
def erf(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def erf(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def erf(x: _Mixed) -> NDArray[Any]: ...
@overload
def erf(x: _Floating) -> _Floating: ...
@overload
def erf(x: _Number) -> np.float64: ...

error_function = erf

@overload
def exponential(x: _Tensor) -> _Tensor:
    """The exponential: positive outputs, as of rates; it overflows for large inputs.

    f(x) = exp(x)
    """

@overload
def exponential(x: _Jax) -> _Jax: ...
@overload
def exponential(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def exponential(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def exponential(x: _Mixed) -> NDArray[Any]: ...
@overload
def exponential(x: _Floating) -> _Floating: ...
@overload
def exponential(x: _Number) -> np.float64: ...

exp = exponential

@overload
def gaussian(x: _Tensor) -> _Tensor:
    """A bell around 0: a unit answers to inputs near its centre only.

    f(x) = exp(-x**2)
    """

@overload
def gaussian(x: _Jax) -> _Jax: ...
@overload
def gaussian(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def gaussian(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def gaussian(x: _Mixed) -> NDArray[Any]: ...
@overload
def gaussian(x: _Floating) -> _Floating: ...
@overload
def gaussian(x: _Number) -> np.float64: ...

rbf = gaussian

@overload
def gcu(x: _Tensor) -> _Tensor:
    """The growing cosine unit: x times its cosine; one unit can learn the XOR.

    f(x) = x*cos(x)
    """

@overload
def gcu(x: _Jax) -> _Jax: ...
@overload
def gcu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def gcu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def gcu(x: _Mixed) -> NDArray[Any]: ...
@overload
def gcu(x: _Floating) -> _Floating: ...
@overload
def gcu(x: _Number) -> np.float64: ...

growing_cosine_unit = gcu

@overload
def geglu(x: _Tensor, axis: int = -1) -> _Tensor:
    """The GLU with the exact GELU for its gate.

    f(x) = a[i]*gelu(b[i]) with a, b the two halves of x
    """

@overload
def geglu(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def geglu(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def geglu(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def geglu(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def gelu(x: _Tensor) -> _Tensor:
    """x times the probability that a standard normal number lies below x.

    f(x) = x*erfc(-x/sqrt(2))/2
    """

@overload
def gelu(x: _Jax) -> _Jax: ...
@overload
def gelu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def gelu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def gelu(x: _Mixed) -> NDArray[Any]: ...
@overload
def gelu(x: _Floating) -> _Floating: ...
@overload
def gelu(x: _Number) -> np.float64: ...
@overload
def gelu_tanh(x: _Tensor) -> _Tensor:
    """The GELU with its error function replaced by a tanh; differs by up to 0.0005.

    f(x) = x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2
    """

@overload
def gelu_tanh(x: _Jax) -> _Jax: ...
@overload
def gelu_tanh(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def gelu_tanh(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def gelu_tanh(x: _Mixed) -> NDArray[Any]: ...
@overload
def gelu_tanh(x: _Floating) -> _Floating: ...
@overload
def gelu_tanh(x: _Number) -> np.float64: ...

gelu_approximate = gelu_tanh

gelu_new = gelu_tanh

@overload
def glu(x: _Tensor, axis: int = -1) -> _Tensor:
    """The gated linear unit: one half decides how much of the other passes.

    f(x) = a[i]*sigmoid(b[i]) with a, b the two halves of x
    """

@overload
def glu(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def glu(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def glu(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def glu(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

gated_linear_unit = glu

@overload
def hard_elish(x: _Tensor) -> _Tensor:
    """The ELiSH with a gate of three straight pieces: 0 below -1, the identity above 1.

    f(x) = where(x >= 0, x, exp(x) - 1)*min(max((x + 1)/2, 0), 1)
    """

@overload
def hard_elish(x: _Jax) -> _Jax: ...
@overload
def hard_elish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def hard_elish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def hard_elish(x: _Mixed) -> NDArray[Any]: ...
@overload
def hard_elish(x: _Floating) -> _Floating: ...
@overload
def hard_elish(x: _Number) -> np.float64: ...

hardelish = hard_elish

@overload
def hard_mish(x: _Tensor) -> _Tensor:
    """The Mish made of a parabola between -2 and 0 and straight lines outside.

    f(x) = x/2*min(2, max(0, x + 2))
    """

@overload
def hard_mish(x: _Jax) -> _Jax: ...
@overload
def hard_mish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def hard_mish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def hard_mish(x: _Mixed) -> NDArray[Any]: ...
@overload
def hard_mish(x: _Floating) -> _Floating: ...
@overload
def hard_mish(x: _Number) -> np.float64: ...

hardmish = hard_mish

@overload
def hard_sigmoid(x: _Tensor) -> _Tensor:
    """A sigmoid made of three straight pieces: cheap, and flat outside -3 to 3.

    f(x) = min(max(x/6 + 1/2, 0), 1)
    """

@overload
def hard_sigmoid(x: _Jax) -> _Jax: ...
@overload
def hard_sigmoid(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def hard_sigmoid(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def hard_sigmoid(x: _Mixed) -> NDArray[Any]: ...
@overload
def hard_sigmoid(x: _Floating) -> _Floating: ...
@overload
def hard_sigmoid(x: _Number) -> np.float64: ...

hardsigmoid = hard_sigmoid

@overload
def hard_sigmoid_onnx(x: _Tensor, alpha: float = 0.2, beta: float = 0.5) -> _Tensor:
    """The hard sigmoid of ONNX, Keras 2 and Theano: its slope is 0.2, not 1/6.

    f(x) = min(max(alpha*x + beta, 0), 1)
    """

@overload
def hard_sigmoid_onnx(x: _Jax, alpha: float = 0.2, beta: float = 0.5) -> _Jax: ...
@overload
def hard_sigmoid_onnx(
    x: NDArray[_Floating], alpha: float = 0.2, beta: float = 0.5
) -> NDArray[_Floating]: ...
@overload
def hard_sigmoid_onnx(
    x: _Whole | _Lists, alpha: float = 0.2, beta: float = 0.5
) -> NDArray[np.float64]: ...
@overload
def hard_sigmoid_onnx(x: _Mixed, alpha: float = 0.2, beta: float = 0.5) -> NDArray[Any]: ...
@overload
def hard_sigmoid_onnx(x: _Floating, alpha: float = 0.2, beta: float = 0.5) -> _Floating: ...
@overload
def hard_sigmoid_onnx(x: _Number, alpha: float = 0.2, beta: float = 0.5) -> np.float64: ...

hard_sigmoid_keras2 = hard_sigmoid_onnx

@overload
def hard_swish(x: _Tensor) -> _Tensor:
    """The SiLU without its exponential: x gated by the hard sigmoid.

    f(x) = x*min(max(x/6 + 1/2, 0), 1)
    """

@overload
def hard_swish(x: _Jax) -> _Jax: ...
@overload
def hard_swish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def hard_swish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def hard_swish(x: _Mixed) -> NDArray[Any]: ...
@overload
def hard_swish(x: _Floating) -> _Floating: ...
@overload
def hard_swish(x: _Number) -> np.float64: ...

hard_silu = hard_swish

hardswish = hard_swish

@overload
def hard_tanh(x: _Tensor, min_val: float = -1.0, max_val: float = 1.0) -> _Tensor:
    """The identity cut off at two levels: a tanh made of three straight pieces.

    f(x) = min(max(x, min_val), max_val)
    """

@overload
def hard_tanh(x: _Jax, min_val: float = -1.0, max_val: float = 1.0) -> _Jax: ...
@overload
def hard_tanh(
    x: NDArray[_Floating], min_val: float = -1.0, max_val: float = 1.0
) -> NDArray[_Floating]: ...
@overload
def hard_tanh(
    x: _Whole | _Lists, min_val: float = -1.0, max_val: float = 1.0
) -> NDArray[np.float64]: ...
@overload
def hard_tanh(x: _Mixed, min_val: float = -1.0, max_val: float = 1.0) -> NDArray[Any]: ...
@overload
def hard_tanh(x: _Floating, min_val: float = -1.0, max_val: float = 1.0) -> _Floating: ...
@overload
def hard_tanh(x: _Number, min_val: float = -1.0, max_val: float = 1.0) -> np.float64: ...

hardtanh = hard_tanh

piecewise_linear = hard_tanh

@overload
def hardmax(x: _Tensor, axis: int = -1) -> _Tensor:
    """All to the largest score, the first of equals; gradients cannot train it.

    f(x) = where(i is the first place of the largest x[j], 1, 0)
    """

@overload
def hardmax(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def hardmax(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def hardmax(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def hardmax(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def hardshrink(x: _Tensor, lambd: float = 0.5) -> _Tensor:
    """Sets inputs near 0 to 0 and passes the others on: it jumps at both thresholds.

    f(x) = where(abs(x) > lambd, x, 0)
    """

@overload
def hardshrink(x: _Jax, lambd: float = 0.5) -> _Jax: ...
@overload
def hardshrink(x: NDArray[_Floating], lambd: float = 0.5) -> NDArray[_Floating]: ...
@overload
def hardshrink(x: _Whole | _Lists, lambd: float = 0.5) -> NDArray[np.float64]: ...
@overload
def hardshrink(x: _Mixed, lambd: float = 0.5) -> NDArray[Any]: ...
@overload
def hardshrink(x: _Floating, lambd: float = 0.5) -> _Floating: ...
@overload
def hardshrink(x: _Number, lambd: float = 0.5) -> np.float64: ...

hard_shrink = hardshrink

hard_thresholding = hardshrink

@overload
def identity(x: _Tensor) -> _Tensor:
    """Passes its input on; a network of such units is a linear model.

    f(x) = x
    """

@overload
def identity(x: _Jax) -> _Jax: ...
@overload
def identity(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def identity(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def identity(x: _Mixed) -> NDArray[Any]: ...
@overload
def identity(x: _Floating) -> _Floating: ...
@overload
def identity(x: _Number) -> np.float64: ...

linear = identity

@overload
def isrlu(x: _Tensor, alpha: float = 1.0) -> _Tensor:
    """Shaped like an ELU, from an inverse square root, which is cheaper.

    f(x) = where(x >= 0, x, x/sqrt(1 + alpha*x**2))
    """

@overload
def isrlu(x: _Jax, alpha: float = 1.0) -> _Jax: ...
@overload
def isrlu(x: NDArray[_Floating], alpha: float = 1.0) -> NDArray[_Floating]: ...
@overload
def isrlu(x: _Whole | _Lists, alpha: float = 1.0) -> NDArray[np.float64]: ...
@overload
def isrlu(x: _Mixed, alpha: float = 1.0) -> NDArray[Any]: ...
@overload
def isrlu(x: _Floating, alpha: float = 1.0) -> _Floating: ...
@overload
def isrlu(x: _Number, alpha: float = 1.0) -> np.float64: ...
@overload
def isru(x: _Tensor, alpha: float = 1.0) -> _Tensor:
    """An S-shape from one inverse square root, cheaper than an exponential.

    f(x) = x/sqrt(1 + alpha*x**2)
    """

@overload
def isru(x: _Jax, alpha: float = 1.0) -> _Jax: ...
@overload
def isru(x: NDArray[_Floating], alpha: float = 1.0) -> NDArray[_Floating]: ...
@overload
def isru(x: _Whole | _Lists, alpha: float = 1.0) -> NDArray[np.float64]: ...
@overload
def isru(x: _Mixed, alpha: float = 1.0) -> NDArray[Any]: ...
@overload
def isru(x: _Floating, alpha: float = 1.0) -> _Floating: ...
@overload
def isru(x: _Number, alpha: float = 1.0) -> np.float64: ...
@overload
def leaky_relu(x: _Tensor, negative_slope: float = 0.01) -> _Tensor:
    """A ReLU that lets a little through below 0, so that no unit stays silent.

    f(x) = where(x > 0, x, negative_slope*x)
    """

@overload
def leaky_relu(x: _Jax, negative_slope: float = 0.01) -> _Jax: ...
@overload
def leaky_relu(x: NDArray[_Floating], negative_slope: float = 0.01) -> NDArray[_Floating]: ...
@overload
def leaky_relu(x: _Whole | _Lists, negative_slope: float = 0.01) -> NDArray[np.float64]: ...
@overload
def leaky_relu(x: _Mixed, negative_slope: float = 0.01) -> NDArray[Any]: ...
@overload
def leaky_relu(x: _Floating, negative_slope: float = 0.01) -> _Floating: ...
@overload
def leaky_relu(x: _Number, negative_slope: float = 0.01) -> np.float64: ...

leakyrelu = leaky_relu

lrelu = leaky_relu

@overload
def lecun_tanh(x: _Tensor) -> _Tensor:
    """A tanh stretched so that -1 and 1 are kept: inputs of variance 1 leave with it.

    f(x) = 1.7159*tanh(2*x/3)
    """

@overload
def lecun_tanh(x: _Jax) -> _Jax: ...
@overload
def lecun_tanh(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def lecun_tanh(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def lecun_tanh(x: _Mixed) -> NDArray[Any]: ...
@overload
def lecun_tanh(x: _Floating) -> _Floating: ...
@overload
def lecun_tanh(x: _Number) -> np.float64: ...

scaled_tanh = lecun_tanh

@overload
def lisht(x: _Tensor) -> _Tensor:
    """x times its tanh: a rounded absolute value, never negative.

    f(x) = x*tanh(x)
    """

@overload
def lisht(x: _Jax) -> _Jax: ...
@overload
def lisht(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def lisht(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def lisht(x: _Mixed) -> NDArray[Any]: ...
@overload
def lisht(x: _Floating) -> _Floating: ...
@overload
def lisht(x: _Number) -> np.float64: ...
@overload
def log_sigmoid(x: _Tensor) -> _Tensor:
    """The logarithm of the sigmoid: a softplus turned upside down, used in losses.

    f(x) = log(1/(1 + exp(-x)))
    """

@overload
def log_sigmoid(x: _Jax) -> _Jax: ...
@overload
def log_sigmoid(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def log_sigmoid(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def log_sigmoid(x: _Mixed) -> NDArray[Any]: ...
@overload
def log_sigmoid(x: _Floating) -> _Floating: ...
@overload
def log_sigmoid(x: _Number) -> np.float64: ...

logsigmoid = log_sigmoid

@overload
def log_softmax(x: _Tensor, axis: int = -1) -> _Tensor:
    """The logarithm of the softmax, computed without losing small differences.

    f(x) = x[i] - log(sum(exp(x[j]) for j))
    """

@overload
def log_softmax(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def log_softmax(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def log_softmax(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def log_softmax(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

logsoftmax = log_softmax

@overload
def logish(x: _Tensor) -> _Tensor:
    """x gated by log(1 + sigmoid): a slope of log(2) far above 0.

    f(x) = x*log(1 + 1/(1 + exp(-x)))
    """

@overload
def logish(x: _Jax) -> _Jax: ...
@overload
def logish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def logish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def logish(x: _Mixed) -> NDArray[Any]: ...
@overload
def logish(x: _Floating) -> _Floating: ...
@overload
def logish(x: _Number) -> np.float64: ...
@overload
def logmeanexp(x: _Tensor, axis: int = -1) -> _Tensor:
    """Between the mean and the maximum of the scores: equal scores come back as is.

    f(x) = log(sum(exp(x[j]) for j)/n) with n numbers along the axis
    """

@overload
def logmeanexp(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def logmeanexp(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def logmeanexp(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def logmeanexp(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

log_mean_exp = logmeanexp

@overload
def logsumexp(x: _Tensor, axis: int = -1) -> _Tensor:
    """A soft maximum: at least the largest score, and more where others come near.

    f(x) = log(sum(exp(x[j]) for j))
    """

@overload
def logsumexp(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def logsumexp(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def logsumexp(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def logsumexp(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...

log_sum_exp = logsumexp

@overload
def maxout(x: _Tensor, axis: int = -1, pieces: int = 2) -> _Tensor:
    """The largest of two or more linear units: a convex function with learned corners.

    f(x) = max(a[i], b[i], ...) with a, b, ... the pieces of x
    """

@overload
def maxout(x: _Jax, axis: int = -1, pieces: int = 2) -> _Jax: ...
@overload
def maxout(x: NDArray[_Floating], axis: int = -1, pieces: int = 2) -> NDArray[_Floating]: ...
@overload
def maxout(x: _Whole | _Lists, axis: int = -1, pieces: int = 2) -> NDArray[np.float64]: ...
@overload
def maxout(x: _Mixed, axis: int = -1, pieces: int = 2) -> NDArray[Any]: ...
@overload
def mish(x: _Tensor) -> _Tensor:
    """x gated by the tanh of its softplus; dips to -0.31 below 0 and returns.

    f(x) = x*tanh(log(1 + exp(x)))
    """

@overload
def mish(x: _Jax) -> _Jax: ...
@overload
def mish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def mish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def mish(x: _Mixed) -> NDArray[Any]: ...
@overload
def mish(x: _Floating) -> _Floating: ...
@overload
def mish(x: _Number) -> np.float64: ...
@overload
def nlrelu(x: _Tensor, beta: float = 1.0) -> _Tensor:
    """The logarithm of a ReLU: it grows ever more slowly.

    f(x) = log(1 + beta*max(0, x))
    """

@overload
def nlrelu(x: _Jax, beta: float = 1.0) -> _Jax: ...
@overload
def nlrelu(x: NDArray[_Floating], beta: float = 1.0) -> NDArray[_Floating]: ...
@overload
def nlrelu(x: _Whole | _Lists, beta: float = 1.0) -> NDArray[np.float64]: ...
@overload
def nlrelu(x: _Mixed, beta: float = 1.0) -> NDArray[Any]: ...
@overload
def nlrelu(x: _Floating, beta: float = 1.0) -> _Floating: ...
@overload
def nlrelu(x: _Number, beta: float = 1.0) -> np.float64: ...

log_relu = nlrelu

@overload
def normal_cdf(x: _Tensor) -> _Tensor:
    """The probability that a standard normal number lies below x: the gate of the GELU.

    f(x) = erfc(-x/sqrt(2))/2
    """

@overload
def normal_cdf(x: _Jax) -> _Jax: ...
@overload
def normal_cdf(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def normal_cdf(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def normal_cdf(x: _Mixed) -> NDArray[Any]: ...
@overload
def normal_cdf(x: _Floating) -> _Floating: ...
@overload
def normal_cdf(x: _Number) -> np.float64: ...

gaussian_cdf = normal_cdf

probit = normal_cdf

@overload
def pelu(x: _Tensor, a: float = 1.0, b: float = 1.0) -> _Tensor:
    """An ELU whose two parameters are learned; it has no corner at 0 whatever they are.

    f(x) = where(x >= 0, a/b*x, a*(exp(x/b) - 1))
    """

@overload
def pelu(x: _Jax, a: float = 1.0, b: float = 1.0) -> _Jax: ...
@overload
def pelu(x: NDArray[_Floating], a: float = 1.0, b: float = 1.0) -> NDArray[_Floating]: ...
@overload
def pelu(x: _Whole | _Lists, a: float = 1.0, b: float = 1.0) -> NDArray[np.float64]: ...
@overload
def pelu(x: _Mixed, a: float = 1.0, b: float = 1.0) -> NDArray[Any]: ...
@overload
def pelu(x: _Floating, a: float = 1.0, b: float = 1.0) -> _Floating: ...
@overload
def pelu(x: _Number, a: float = 1.0, b: float = 1.0) -> np.float64: ...
@overload
def penalized_tanh(x: _Tensor, a: float = 0.25) -> _Tensor:
    """A tanh whose negative half is made smaller, as a leaky ReLU's is.

    f(x) = where(x > 0, tanh(x), a*tanh(x))
    """

@overload
def penalized_tanh(x: _Jax, a: float = 0.25) -> _Jax: ...
@overload
def penalized_tanh(x: NDArray[_Floating], a: float = 0.25) -> NDArray[_Floating]: ...
@overload
def penalized_tanh(x: _Whole | _Lists, a: float = 0.25) -> NDArray[np.float64]: ...
@overload
def penalized_tanh(x: _Mixed, a: float = 0.25) -> NDArray[Any]: ...
@overload
def penalized_tanh(x: _Floating, a: float = 0.25) -> _Floating: ...
@overload
def penalized_tanh(x: _Number, a: float = 0.25) -> np.float64: ...

penalised_tanh = penalized_tanh

@overload
def phish(x: _Tensor) -> _Tensor:
    """x gated by the tanh of its GELU: never negative, with a small hump below 0.

    f(x) = x*tanh(x*erfc(-x/sqrt(2))/2)
    """

@overload
def phish(x: _Jax) -> _Jax: ...
@overload
def phish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def phish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def phish(x: _Mixed) -> NDArray[Any]: ...
@overload
def phish(x: _Floating) -> _Floating: ...
@overload
def phish(x: _Number) -> np.float64: ...
@overload
def prelu(x: _Tensor, weight: float = 0.25) -> _Tensor:
    """A leaky ReLU whose slope below 0 is learned: here it is a number that you set.

    f(x) = where(x > 0, x, weight*x)
    """

@overload
def prelu(x: _Jax, weight: float = 0.25) -> _Jax: ...
@overload
def prelu(x: NDArray[_Floating], weight: float = 0.25) -> NDArray[_Floating]: ...
@overload
def prelu(x: _Whole | _Lists, weight: float = 0.25) -> NDArray[np.float64]: ...
@overload
def prelu(x: _Mixed, weight: float = 0.25) -> NDArray[Any]: ...
@overload
def prelu(x: _Floating, weight: float = 0.25) -> _Floating: ...
@overload
def prelu(x: _Number, weight: float = 0.25) -> np.float64: ...
@overload
def quick_gelu(x: _Tensor) -> _Tensor:
    """The GELU with a logistic for its gate; differs from it by up to 0.02.

    f(x) = x/(1 + exp(-1.702*x))
    """

@overload
def quick_gelu(x: _Jax) -> _Jax: ...
@overload
def quick_gelu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def quick_gelu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def quick_gelu(x: _Mixed) -> NDArray[Any]: ...
@overload
def quick_gelu(x: _Floating) -> _Floating: ...
@overload
def quick_gelu(x: _Number) -> np.float64: ...

gelu_sigmoid = quick_gelu

quickgelu = quick_gelu

@overload
def reglu(x: _Tensor, axis: int = -1) -> _Tensor:
    """The GLU with a ReLU for its gate.

    f(x) = a[i]*relu(b[i]) with a, b the two halves of x
    """

@overload
def reglu(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def reglu(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def reglu(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def reglu(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def relu(x: _Tensor) -> _Tensor:
    """The ramp: cheap and never flat above 0; its mean output is well above 0.

    f(x) = max(0, x)
    """

@overload
def relu(x: _Jax) -> _Jax: ...
@overload
def relu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def relu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def relu(x: _Mixed) -> NDArray[Any]: ...
@overload
def relu(x: _Floating) -> _Floating: ...
@overload
def relu(x: _Number) -> np.float64: ...

ramp = relu

rectifier = relu

@overload
def relu6(x: _Tensor) -> _Tensor:
    """A ReLU that is cut off at 6, so that low precision suffices.

    f(x) = min(max(0, x), 6)
    """

@overload
def relu6(x: _Jax) -> _Jax: ...
@overload
def relu6(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def relu6(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def relu6(x: _Mixed) -> NDArray[Any]: ...
@overload
def relu6(x: _Floating) -> _Floating: ...
@overload
def relu6(x: _Number) -> np.float64: ...
@overload
def rrelu(x: _Tensor, lower: float = 0.125, upper: float = 0.3333333333333333) -> _Tensor:
    """The leaky ReLU that remains of the randomised one after training: its mean slope.

    f(x) = where(x > 0, x, (lower + upper)/2*x)
    """

@overload
def rrelu(x: _Jax, lower: float = 0.125, upper: float = 0.3333333333333333) -> _Jax: ...
@overload
def rrelu(
    x: NDArray[_Floating], lower: float = 0.125, upper: float = 0.3333333333333333
) -> NDArray[_Floating]: ...
@overload
def rrelu(
    x: _Whole | _Lists, lower: float = 0.125, upper: float = 0.3333333333333333
) -> NDArray[np.float64]: ...
@overload
def rrelu(x: _Mixed, lower: float = 0.125, upper: float = 0.3333333333333333) -> NDArray[Any]: ...
@overload
def rrelu(x: _Floating, lower: float = 0.125, upper: float = 0.3333333333333333) -> _Floating: ...
@overload
def rrelu(x: _Number, lower: float = 0.125, upper: float = 0.3333333333333333) -> np.float64: ...
@overload
def selu(x: _Tensor) -> _Tensor:
    """An ELU scaled so that layers keep mean 0 and variance 1 by themselves.

    f(x) = 1.0507009873554805*where(x > 0, x, 1.6732632423543773*(exp(x) - 1))
    """

@overload
def selu(x: _Jax) -> _Jax: ...
@overload
def selu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def selu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def selu(x: _Mixed) -> NDArray[Any]: ...
@overload
def selu(x: _Floating) -> _Floating: ...
@overload
def selu(x: _Number) -> np.float64: ...
@overload
def serf(x: _Tensor) -> _Tensor:
    """x gated by the error function of its softplus; dips to -0.35 below 0 and returns.

    f(x) = x*erf(log(1 + exp(x)))
    """

@overload
def serf(x: _Jax) -> _Jax: ...
@overload
def serf(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def serf(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def serf(x: _Mixed) -> NDArray[Any]: ...
@overload
def serf(x: _Floating) -> _Floating: ...
@overload
def serf(x: _Number) -> np.float64: ...
@overload
def shrink(x: _Tensor, bias: float = 0.0, lambd: float = 0.5) -> _Tensor:
    """ONNX's shrinking with separate threshold and bias; soft and hard are its ends.

    f(x) = where(x > lambd, x - bias, where(x < -lambd, x + bias, 0))
    """

@overload
def shrink(x: _Jax, bias: float = 0.0, lambd: float = 0.5) -> _Jax: ...
@overload
def shrink(x: NDArray[_Floating], bias: float = 0.0, lambd: float = 0.5) -> NDArray[_Floating]: ...
@overload
def shrink(x: _Whole | _Lists, bias: float = 0.0, lambd: float = 0.5) -> NDArray[np.float64]: ...
@overload
def shrink(x: _Mixed, bias: float = 0.0, lambd: float = 0.5) -> NDArray[Any]: ...
@overload
def shrink(x: _Floating, bias: float = 0.0, lambd: float = 0.5) -> _Floating: ...
@overload
def shrink(x: _Number, bias: float = 0.0, lambd: float = 0.5) -> np.float64: ...
@overload
def sigmoid(x: _Tensor, offset: float = 0.0) -> _Tensor:
    """Squashes to between 0 and 1, readable as a probability; 0.5 at the offset.

    f(x) = 1/(1 + exp(-x + offset))
    """

@overload
def sigmoid(x: _Jax, offset: float = 0.0) -> _Jax: ...
@overload
def sigmoid(x: NDArray[_Floating], offset: float = 0.0) -> NDArray[_Floating]: ...
@overload
def sigmoid(x: _Whole | _Lists, offset: float = 0.0) -> NDArray[np.float64]: ...
@overload
def sigmoid(x: _Mixed, offset: float = 0.0) -> NDArray[Any]: ...
@overload
def sigmoid(x: _Floating, offset: float = 0.0) -> _Floating: ...
@overload
def sigmoid(x: _Number, offset: float = 0.0) -> np.float64: ...

expit = sigmoid

logistic = sigmoid

@overload
def sign(x: _Tensor) -> _Tensor:
    """The unit step between -1 and 1; gradients cannot train it.

    f(x) = where(x > 0, 1, where(x < 0, -1, 0))
    """

@overload
def sign(x: _Jax) -> _Jax: ...
@overload
def sign(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def sign(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def sign(x: _Mixed) -> NDArray[Any]: ...
@overload
def sign(x: _Floating) -> _Floating: ...
@overload
def sign(x: _Number) -> np.float64: ...

signum = sign

@overload
def silu(x: _Tensor) -> _Tensor:
    """x gated by its own sigmoid; dips to -0.28 below 0 and returns.

    f(x) = x/(1 + exp(-x))
    """

@overload
def silu(x: _Jax) -> _Jax: ...
@overload
def silu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def silu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def silu(x: _Mixed) -> NDArray[Any]: ...
@overload
def silu(x: _Floating) -> _Floating: ...
@overload
def silu(x: _Number) -> np.float64: ...

swish = silu

@overload
def sinc(x: _Tensor) -> _Tensor:
    """A wave that fades as 1/x (the sinc of torch and jax takes x/pi in its place).

    f(x) = where(x == 0, 1, sin(x)/x)
    """

@overload
def sinc(x: _Jax) -> _Jax: ...
@overload
def sinc(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def sinc(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def sinc(x: _Mixed) -> NDArray[Any]: ...
@overload
def sinc(x: _Floating) -> _Floating: ...
@overload
def sinc(x: _Number) -> np.float64: ...
@overload
def sine(x: _Tensor, frequency: float = 1.0) -> _Tensor:
    """The sine: for signals and images, with SIREN's initialisation of the weights.

    f(x) = sin(frequency*x)
    """

@overload
def sine(x: _Jax, frequency: float = 1.0) -> _Jax: ...
@overload
def sine(x: NDArray[_Floating], frequency: float = 1.0) -> NDArray[_Floating]: ...
@overload
def sine(x: _Whole | _Lists, frequency: float = 1.0) -> NDArray[np.float64]: ...
@overload
def sine(x: _Mixed, frequency: float = 1.0) -> NDArray[Any]: ...
@overload
def sine(x: _Floating, frequency: float = 1.0) -> _Floating: ...
@overload
def sine(x: _Number, frequency: float = 1.0) -> np.float64: ...

sin = sine

@overload
def smelu(x: _Tensor, beta: float = 1.0) -> _Tensor:
    """A ReLU whose corner is a parabola between -beta and beta.

    f(x) = where(x <= -beta, 0, where(x >= beta, x, (x + beta)**2/(4*beta)))
    """

@overload
def smelu(x: _Jax, beta: float = 1.0) -> _Jax: ...
@overload
def smelu(x: NDArray[_Floating], beta: float = 1.0) -> NDArray[_Floating]: ...
@overload
def smelu(x: _Whole | _Lists, beta: float = 1.0) -> NDArray[np.float64]: ...
@overload
def smelu(x: _Mixed, beta: float = 1.0) -> NDArray[Any]: ...
@overload
def smelu(x: _Floating, beta: float = 1.0) -> _Floating: ...
@overload
def smelu(x: _Number, beta: float = 1.0) -> np.float64: ...

sparse_plus = smelu

sparseplus = smelu

@overload
def smish(x: _Tensor) -> _Tensor:
    """x gated by the tanh of log(1 + sigmoid): a slope of 0.6 far above 0.

    f(x) = x*tanh(log(1 + 1/(1 + exp(-x))))
    """

@overload
def smish(x: _Jax) -> _Jax: ...
@overload
def smish(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def smish(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def smish(x: _Mixed) -> NDArray[Any]: ...
@overload
def smish(x: _Floating) -> _Floating: ...
@overload
def smish(x: _Number) -> np.float64: ...
@overload
def snake(x: _Tensor, a: float = 1.0) -> _Tensor:
    """The identity with a ripple: it learns periods and still grows.

    f(x) = x + sin(a*x)**2/a
    """

@overload
def snake(x: _Jax, a: float = 1.0) -> _Jax: ...
@overload
def snake(x: NDArray[_Floating], a: float = 1.0) -> NDArray[_Floating]: ...
@overload
def snake(x: _Whole | _Lists, a: float = 1.0) -> NDArray[np.float64]: ...
@overload
def snake(x: _Mixed, a: float = 1.0) -> NDArray[Any]: ...
@overload
def snake(x: _Floating, a: float = 1.0) -> _Floating: ...
@overload
def snake(x: _Number, a: float = 1.0) -> np.float64: ...
@overload
def soft_clipping(x: _Tensor, p: float = 1.0) -> _Tensor:
    """The identity between 0 and 1 with softened corners, flat outside.

    f(x) = log((1 + exp(p*x))/(1 + exp(p*(x - 1))))/p
    """

@overload
def soft_clipping(x: _Jax, p: float = 1.0) -> _Jax: ...
@overload
def soft_clipping(x: NDArray[_Floating], p: float = 1.0) -> NDArray[_Floating]: ...
@overload
def soft_clipping(x: _Whole | _Lists, p: float = 1.0) -> NDArray[np.float64]: ...
@overload
def soft_clipping(x: _Mixed, p: float = 1.0) -> NDArray[Any]: ...
@overload
def soft_clipping(x: _Floating, p: float = 1.0) -> _Floating: ...
@overload
def soft_clipping(x: _Number, p: float = 1.0) -> np.float64: ...

softclipping = soft_clipping

@overload
def softmax(x: _Tensor, axis: int = -1) -> _Tensor:
    """Turns scores into probabilities that sum to 1: the output of a classifier.

    f(x) = exp(x[i])/sum(exp(x[j]) for j)
    """

@overload
def softmax(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def softmax(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def softmax(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def softmax(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def softmax2d(x: _Tensor, axis: int = -3) -> _Tensor:
    """The softmax over the channels of an image: along axis -3 unless another is given.

    f(x) = exp(x[i])/sum(exp(x[j]) for j)
    """

@overload
def softmax2d(x: _Jax, axis: int = -3) -> _Jax: ...
@overload
def softmax2d(x: NDArray[_Floating], axis: int = -3) -> NDArray[_Floating]: ...
@overload
def softmax2d(x: _Whole | _Lists, axis: int = -3) -> NDArray[np.float64]: ...
@overload
def softmax2d(x: _Mixed, axis: int = -3) -> NDArray[Any]: ...
@overload
def softmin(x: _Tensor, axis: int = -1) -> _Tensor:
    """The softmax of the negated scores: the smallest gets the largest share.

    f(x) = exp(-x[i])/sum(exp(-x[j]) for j)
    """

@overload
def softmin(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def softmin(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def softmin(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def softmin(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def softplus(x: _Tensor, beta: float = 1.0) -> _Tensor:
    """A ReLU with a rounded corner; always positive, so it suits positive outputs.

    f(x) = log(1 + exp(beta*x))/beta
    """

@overload
def softplus(x: _Jax, beta: float = 1.0) -> _Jax: ...
@overload
def softplus(x: NDArray[_Floating], beta: float = 1.0) -> NDArray[_Floating]: ...
@overload
def softplus(x: _Whole | _Lists, beta: float = 1.0) -> NDArray[np.float64]: ...
@overload
def softplus(x: _Mixed, beta: float = 1.0) -> NDArray[Any]: ...
@overload
def softplus(x: _Floating, beta: float = 1.0) -> _Floating: ...
@overload
def softplus(x: _Number, beta: float = 1.0) -> np.float64: ...
@overload
def softshrink(x: _Tensor, lambd: float = 0.5) -> _Tensor:
    """Moves its input towards 0 by lambd, and what is nearer to 0 than that onto it.

    f(x) = where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))
    """

@overload
def softshrink(x: _Jax, lambd: float = 0.5) -> _Jax: ...
@overload
def softshrink(x: NDArray[_Floating], lambd: float = 0.5) -> NDArray[_Floating]: ...
@overload
def softshrink(x: _Whole | _Lists, lambd: float = 0.5) -> NDArray[np.float64]: ...
@overload
def softshrink(x: _Mixed, lambd: float = 0.5) -> NDArray[Any]: ...
@overload
def softshrink(x: _Floating, lambd: float = 0.5) -> _Floating: ...
@overload
def softshrink(x: _Number, lambd: float = 0.5) -> np.float64: ...

soft_shrink = softshrink

soft_thresholding = softshrink

@overload
def softsign(x: _Tensor) -> _Tensor:
    """Like tanh, but nears its limits as 1/x does: it saturates far more slowly.

    f(x) = x/(1 + abs(x))
    """

@overload
def softsign(x: _Jax) -> _Jax: ...
@overload
def softsign(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def softsign(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def softsign(x: _Mixed) -> NDArray[Any]: ...
@overload
def softsign(x: _Floating) -> _Floating: ...
@overload
def softsign(x: _Number) -> np.float64: ...

elliott = softsign

soft_sign = softsign

@overload
def sparse_sigmoid(x: _Tensor) -> _Tensor:
    """A hard sigmoid between -1 and 1: the slope of sparse_plus, the sparsemax of two.

    f(x) = min(max((x + 1)/2, 0), 1)
    """

@overload
def sparse_sigmoid(x: _Jax) -> _Jax: ...
@overload
def sparse_sigmoid(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def sparse_sigmoid(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def sparse_sigmoid(x: _Mixed) -> NDArray[Any]: ...
@overload
def sparse_sigmoid(x: _Floating) -> _Floating: ...
@overload
def sparse_sigmoid(x: _Number) -> np.float64: ...
@overload
def sparsemax(x: _Tensor, axis: int = -1) -> _Tensor:
    """The nearest probabilities to the scores: small scores get a share of exactly 0.

    f(x) = max(0, x[i] - t) with t such that the sum is 1
    """

@overload
def sparsemax(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def sparsemax(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def sparsemax(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def sparsemax(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def sqnl(x: _Tensor) -> _Tensor:
    """An S-shape of two parabolas: no exponential, and flat outside -2 to 2.

    f(x) = where(abs(x) > 2, sign(x), x - x*abs(x)/4)
    """

@overload
def sqnl(x: _Jax) -> _Jax: ...
@overload
def sqnl(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def sqnl(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def sqnl(x: _Mixed) -> NDArray[Any]: ...
@overload
def sqnl(x: _Floating) -> _Floating: ...
@overload
def sqnl(x: _Number) -> np.float64: ...

square_nonlinearity = sqnl

@overload
def square(x: _Tensor) -> _Tensor:
    """The square: a network of such units computes a polynomial.

    f(x) = x**2
    """

@overload
def square(x: _Jax) -> _Jax: ...
@overload
def square(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def square(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def square(x: _Mixed) -> NDArray[Any]: ...
@overload
def square(x: _Floating) -> _Floating: ...
@overload
def square(x: _Number) -> np.float64: ...

quadratic = square

@overload
def squared_relu(x: _Tensor) -> _Tensor:
    """The square of the ReLU: no corner at 0, and steeper the larger its input.

    f(x) = max(0, x)**2
    """

@overload
def squared_relu(x: _Jax) -> _Jax: ...
@overload
def squared_relu(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def squared_relu(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def squared_relu(x: _Mixed) -> NDArray[Any]: ...
@overload
def squared_relu(x: _Floating) -> _Floating: ...
@overload
def squared_relu(x: _Number) -> np.float64: ...

relu2 = squared_relu

relu_squared = squared_relu

@overload
def squareplus(x: _Tensor, b: float = 4.0) -> _Tensor:
    """A softplus from one square root: cheaper, with tails that fade as 1/x does.

    f(x) = (x + sqrt(x**2 + b))/2
    """

@overload
def squareplus(x: _Jax, b: float = 4.0) -> _Jax: ...
@overload
def squareplus(x: NDArray[_Floating], b: float = 4.0) -> NDArray[_Floating]: ...
@overload
def squareplus(x: _Whole | _Lists, b: float = 4.0) -> NDArray[np.float64]: ...
@overload
def squareplus(x: _Mixed, b: float = 4.0) -> NDArray[Any]: ...
@overload
def squareplus(x: _Floating, b: float = 4.0) -> _Floating: ...
@overload
def squareplus(x: _Number, b: float = 4.0) -> np.float64: ...
@overload
def srelu(
    x: _Tensor,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> _Tensor:
    """Three straight pieces, the identity in the middle; all four numbers are learned.

    f(x) = where(x <= left, left + left_slope*(x - left), where(x >= right, right + right_slope*(x - right), x))
    """

@overload
def srelu(
    x: _Jax,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> _Jax: ...
@overload
def srelu(
    x: NDArray[_Floating],
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> NDArray[_Floating]: ...
@overload
def srelu(
    x: _Whole | _Lists,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> NDArray[np.float64]: ...
@overload
def srelu(
    x: _Mixed,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> NDArray[Any]: ...
@overload
def srelu(
    x: _Floating,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> _Floating: ...
@overload
def srelu(
    x: _Number,
    left: float = -1.0,
    left_slope: float = 0.2,
    right: float = 1.0,
    right_slope: float = 0.2,
) -> np.float64: ...
@overload
def standardize(x: _Tensor, axis: int = -1, epsilon: float = 1e-05) -> _Tensor:
    """Shifts and scales to mean 0 and variance 1: layer normalisation without its map.

    f(x) = (x[i] - m)/sqrt(v + epsilon) with m, v the mean and variance of x
    """

@overload
def standardize(x: _Jax, axis: int = -1, epsilon: float = 1e-05) -> _Jax: ...
@overload
def standardize(
    x: NDArray[_Floating], axis: int = -1, epsilon: float = 1e-05
) -> NDArray[_Floating]: ...
@overload
def standardize(
    x: _Whole | _Lists, axis: int = -1, epsilon: float = 1e-05
) -> NDArray[np.float64]: ...
@overload
def standardize(x: _Mixed, axis: int = -1, epsilon: float = 1e-05) -> NDArray[Any]: ...
@overload
def star_relu(x: _Tensor, scale: float = 0.8944, bias: float = -0.4472) -> _Tensor:
    """A squared ReLU scaled and shifted: a normal input gives mean 0 and variance 1.

    f(x) = scale*max(0, x)**2 + bias
    """

@overload
def star_relu(x: _Jax, scale: float = 0.8944, bias: float = -0.4472) -> _Jax: ...
@overload
def star_relu(
    x: NDArray[_Floating], scale: float = 0.8944, bias: float = -0.4472
) -> NDArray[_Floating]: ...
@overload
def star_relu(
    x: _Whole | _Lists, scale: float = 0.8944, bias: float = -0.4472
) -> NDArray[np.float64]: ...
@overload
def star_relu(x: _Mixed, scale: float = 0.8944, bias: float = -0.4472) -> NDArray[Any]: ...
@overload
def star_relu(x: _Floating, scale: float = 0.8944, bias: float = -0.4472) -> _Floating: ...
@overload
def star_relu(x: _Number, scale: float = 0.8944, bias: float = -0.4472) -> np.float64: ...

starrelu = star_relu

@overload
def swiglu(x: _Tensor, axis: int = -1) -> _Tensor:
    """The GLU with the Swish (SiLU) for its gate.

    f(x) = a[i]*silu(b[i]) with a, b the two halves of x
    """

@overload
def swiglu(x: _Jax, axis: int = -1) -> _Jax: ...
@overload
def swiglu(x: NDArray[_Floating], axis: int = -1) -> NDArray[_Floating]: ...
@overload
def swiglu(x: _Whole | _Lists, axis: int = -1) -> NDArray[np.float64]: ...
@overload
def swiglu(x: _Mixed, axis: int = -1) -> NDArray[Any]: ...
@overload
def swish_beta(x: _Tensor, beta: float = 1.0) -> _Tensor:
    """The Swish with its sharpness free: x/2 for beta near 0, the ReLU for a large one.

    f(x) = x/(1 + exp(-beta*x))
    """

@overload
def swish_beta(x: _Jax, beta: float = 1.0) -> _Jax: ...
@overload
def swish_beta(x: NDArray[_Floating], beta: float = 1.0) -> NDArray[_Floating]: ...
@overload
def swish_beta(x: _Whole | _Lists, beta: float = 1.0) -> NDArray[np.float64]: ...
@overload
def swish_beta(x: _Mixed, beta: float = 1.0) -> NDArray[Any]: ...
@overload
def swish_beta(x: _Floating, beta: float = 1.0) -> _Floating: ...
@overload
def swish_beta(x: _Number, beta: float = 1.0) -> np.float64: ...
@overload
def symlog(x: _Tensor) -> _Tensor:
    """A logarithm on both sides: it tells apart large inputs without large outputs.

    f(x) = sign(x)*log(1 + abs(x))
    """

@overload
def symlog(x: _Jax) -> _Jax: ...
@overload
def symlog(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def symlog(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def symlog(x: _Mixed) -> NDArray[Any]: ...
@overload
def symlog(x: _Floating) -> _Floating: ...
@overload
def symlog(x: _Number) -> np.float64: ...

logarithmic = symlog

@overload
def tanh(x: _Tensor) -> _Tensor:
    """A sigmoid stretched to between -1 and 1, so that its mean output is near 0.

    f(x) = (exp(x) - exp(-x))/(exp(x) + exp(-x))
    """

@overload
def tanh(x: _Jax) -> _Jax: ...
@overload
def tanh(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def tanh(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def tanh(x: _Mixed) -> NDArray[Any]: ...
@overload
def tanh(x: _Floating) -> _Floating: ...
@overload
def tanh(x: _Number) -> np.float64: ...

hyperbolic_tangent = tanh

@overload
def tanhexp(x: _Tensor) -> _Tensor:
    """x gated by the tanh of its exponential; dips to -0.35. TeLU is the same function.

    f(x) = x*tanh(exp(x))
    """

@overload
def tanhexp(x: _Jax) -> _Jax: ...
@overload
def tanhexp(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def tanhexp(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def tanhexp(x: _Mixed) -> NDArray[Any]: ...
@overload
def tanhexp(x: _Floating) -> _Floating: ...
@overload
def tanhexp(x: _Number) -> np.float64: ...

tanh_exp = tanhexp

telu = tanhexp

@overload
def tanhshrink(x: _Tensor) -> _Tensor:
    """What tanh leaves over: flat at 0, and one below its input far out.

    f(x) = x - tanh(x)
    """

@overload
def tanhshrink(x: _Jax) -> _Jax: ...
@overload
def tanhshrink(x: NDArray[_Floating]) -> NDArray[_Floating]: ...
@overload
def tanhshrink(x: _Whole | _Lists) -> NDArray[np.float64]: ...
@overload
def tanhshrink(x: _Mixed) -> NDArray[Any]: ...
@overload
def tanhshrink(x: _Floating) -> _Floating: ...
@overload
def tanhshrink(x: _Number) -> np.float64: ...

tanh_shrink = tanhshrink

@overload
def threshold(x: _Tensor, threshold: float = 0.0, value: float = 0.0) -> _Tensor:
    """Passes on what exceeds the threshold and puts one value in place of the rest.

    f(x) = where(x > threshold, x, value)
    """

@overload
def threshold(x: _Jax, threshold: float = 0.0, value: float = 0.0) -> _Jax: ...
@overload
def threshold(
    x: NDArray[_Floating], threshold: float = 0.0, value: float = 0.0
) -> NDArray[_Floating]: ...
@overload
def threshold(
    x: _Whole | _Lists, threshold: float = 0.0, value: float = 0.0
) -> NDArray[np.float64]: ...
@overload
def threshold(x: _Mixed, threshold: float = 0.0, value: float = 0.0) -> NDArray[Any]: ...
@overload
def threshold(x: _Floating, threshold: float = 0.0, value: float = 0.0) -> _Floating: ...
@overload
def threshold(x: _Number, threshold: float = 0.0, value: float = 0.0) -> np.float64: ...
@overload
def thresholded_relu(x: _Tensor, theta: float = 1.0) -> _Tensor:
    """Passes on what exceeds theta and is 0 otherwise: it jumps at theta.

    f(x) = where(x > theta, x, 0)
    """

@overload
def thresholded_relu(x: _Jax, theta: float = 1.0) -> _Jax: ...
@overload
def thresholded_relu(x: NDArray[_Floating], theta: float = 1.0) -> NDArray[_Floating]: ...
@overload
def thresholded_relu(x: _Whole | _Lists, theta: float = 1.0) -> NDArray[np.float64]: ...
@overload
def thresholded_relu(x: _Mixed, theta: float = 1.0) -> NDArray[Any]: ...
@overload
def thresholded_relu(x: _Floating, theta: float = 1.0) -> _Floating: ...
@overload
def thresholded_relu(x: _Number, theta: float = 1.0) -> np.float64: ...

thresholdedrelu = thresholded_relu

trec = thresholded_relu

@overload
def unit_step(x: _Tensor, at_zero: float = 0.5) -> _Tensor:
    """Fires or does not; its slope is 0 everywhere, so gradients cannot train it.

    f(x) = where(x > 0, 1, where(x < 0, 0, at_zero))
    """

@overload
def unit_step(x: _Jax, at_zero: float = 0.5) -> _Jax: ...
@overload
def unit_step(x: NDArray[_Floating], at_zero: float = 0.5) -> NDArray[_Floating]: ...
@overload
def unit_step(x: _Whole | _Lists, at_zero: float = 0.5) -> NDArray[np.float64]: ...
@overload
def unit_step(x: _Mixed, at_zero: float = 0.5) -> NDArray[Any]: ...
@overload
def unit_step(x: _Floating, at_zero: float = 0.5) -> _Floating: ...
@overload
def unit_step(x: _Number, at_zero: float = 0.5) -> np.float64: ...

heaviside = unit_step

step = unit_step

@overload
def xielu(x: _Tensor, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5) -> _Tensor:
    """The integral of a bent slope: a parabola above 0; below, it dips and rises again.

    f(x) = where(x > 0, alpha_p*x**2 + beta*x, alpha_n*(exp(x) - 1) - alpha_n*x + beta*x)
    """

@overload
def xielu(x: _Jax, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5) -> _Jax: ...
@overload
def xielu(
    x: NDArray[_Floating], alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5
) -> NDArray[_Floating]: ...
@overload
def xielu(
    x: _Whole | _Lists, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5
) -> NDArray[np.float64]: ...
@overload
def xielu(
    x: _Mixed, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5
) -> NDArray[Any]: ...
@overload
def xielu(
    x: _Floating, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5
) -> _Floating: ...
@overload
def xielu(
    x: _Number, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5
) -> np.float64: ...
