"""Calls that are wrong: mypy must find an error of the named kind in each such line, no other."""

import numpy as np

import ogive

ogive.sigmod(1.0)  # attr-defined
ogive.elu()  # call-overload
ogive.elu(1.0, beta=2.0)  # call-overload
ogive.elu(1.0, alpha="much")  # call-overload
ogive.elu("x")  # arg-type
ogive.elu(np.ones(3, np.complex128))  # type-var
ogive.elu(["x"])  # list-item
ogive.relu(1.0, 2.0)  # call-overload
ogive.rectifier(1.0, 2.0)  # call-overload
ogive.softmax(1.0)  # call-overload
ogive.softmax([1.0], axis=0.5)  # call-overload
ogive.get(3)  # call-overload
ogive.get("softmax").slope(1.0)  # attr-defined
text: str = ogive.elu(1.0)  # assignment
ogive.elu(1.0, alpha=0.5)
