"""What the functions are: the catalogue. See README.md in this folder."""

from ogive.functions import (
    bounded,
    exponential,
    gated,
    halves,
    linear,
    periodic,
    piecewise,
    pooling,
    rectified,
    shrinking,
    sigmoidal,
    simplex,
    smooth,
    vector,
)
from ogive.functions.activation import Activation, Definition, Facts, Parameter, Source
from ogive.functions.formula import define
from ogive.functions.registry import aliases, definition, families, get, names, register

__all__ = [
    "Activation",
    "Definition",
    "Facts",
    "Parameter",
    "Source",
    "aliases",
    "bounded",
    "define",
    "definition",
    "exponential",
    "families",
    "gated",
    "get",
    "halves",
    "linear",
    "names",
    "periodic",
    "piecewise",
    "pooling",
    "rectified",
    "register",
    "shrinking",
    "sigmoidal",
    "simplex",
    "smooth",
    "vector",
]
