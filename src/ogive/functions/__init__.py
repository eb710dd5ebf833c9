"""What the functions are: the catalogue. See README.md in this folder."""

from ogive.functions import (
    bounded,
    exponential,
    gated,
    linear,
    periodic,
    piecewise,
    rectified,
    shrinking,
    sigmoidal,
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
    "linear",
    "names",
    "periodic",
    "piecewise",
    "rectified",
    "register",
    "shrinking",
    "sigmoidal",
    "smooth",
    "vector",
]
