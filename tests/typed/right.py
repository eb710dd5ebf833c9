"""Calls that are right, with their types; mypy reads this file and a test runs it."""

from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import ogive
import torch

if TYPE_CHECKING:

    class JaxLike:
        """What tells a JAX array from others."""

        aval: Any
        at: Any
        weak_type: bool

    assert_type(ogive.elu(JaxLike(), alpha=0.5), JaxLike)
    assert_type(ogive.softmax(JaxLike()), JaxLike)

single: NDArray[np.float32] = np.ones(3, np.float32)
whole: NDArray[np.int64] = np.ones(3, np.int64)
anything: NDArray[Any] = np.ones(3)
assert_type(ogive.elu(single), NDArray[np.float32])
assert_type(ogive.elu(whole, alpha=0.5), NDArray[np.float64])
assert_type(ogive.elu(whole > 0), NDArray[np.float64])
assert_type(ogive.elu(torch.ones(3), 0.5), torch.Tensor)
assert_type(ogive.elu(torch.nn.Parameter(torch.ones(3))), torch.Tensor)
assert_type(ogive.elu(1), np.float64)
assert_type(ogive.elu(1.0), np.float64)
assert_type(ogive.elu(np.float32(1)), np.float32)
assert_type(ogive.elu(np.int8(1)), np.float64)
assert_type(ogive.elu([1.0, 2]), NDArray[np.float64])
assert_type(ogive.elu([[1, 2], [3, 4]]), NDArray[np.float64])
assert_type(ogive.elu(((1.0,), (2.0,))), NDArray[np.float64])
assert_type(ogive.elu(range(3)), NDArray[np.float64])
assert_type(ogive.elu(pd.Series([1.0])), NDArray[Any])
ogive.elu(anything)
assert_type(ogive.swish(single), NDArray[np.float32])
assert_type(ogive.softmax(single, axis=0), NDArray[np.float32])
assert_type(ogive.softmax2d(torch.ones(3, 1, 1)), torch.Tensor)
assert_type(ogive.softmax([[1.0, 2.0]]), NDArray[np.float64])
assert_type(ogive.sum_of_sigmoids(single, [0.5]), NDArray[np.float32])
assert_type(ogive.names("smooth"), list[str])
assert_type(ogive.get("elu", alpha=0.5), ogive.Activation)
assert_type(ogive.get("elu:alpha=0.5").facts.kinks, tuple[float, ...])
assert_type(ogive.get("softmax").usual_axis, int)
assert_type(ogive.define("mine", "a*x", a=2.0), ogive.Activation)
assert_type(ogive.__version__, str)
assert_type(ogive.gain(ogive.get("relu")), float)
ogive.errors.BadFormula("x")
