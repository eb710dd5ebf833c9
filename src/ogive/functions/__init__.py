"""What the functions are: the catalogue. See README.md in this folder."""

from ogive.functions import exponential, linear, rectified, sigmoidal, smooth, vector
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
    "define",
    "definition",
    "exponential",
    "families",
    "get",
    "linear",
    "names",
    "rectified",
    "register",
    "sigmoidal",
    "smooth",
    "vector",
]
