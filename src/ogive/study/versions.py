"""Versions of what computes a study: stored with it, and compared between driver and workers."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata

STORED = ("ogive", "torch", "numpy", "scipy", "scikit-learn", "pandas")
# What a run passes through on a worker: preprocessing, kernels, training, scores.
DECISIVE = ("ogive", "torch", "numpy", "scikit-learn", "pandas", "llvmlite")
Versions = Mapping[str, str | None]


def stored() -> dict[str, str]:
    """The versions of this process that a study keeps, by package, Python's first."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in STORED}


def decisive() -> dict[str, str | None]:
    """The versions of this process that decide results; None for a package that is not there."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in DECISIVE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def difference(theirs: Versions, ours: Versions) -> str | None:
    """A clause on what a worker's versions differ in from the driver's, or None.

    Of Python's version the first two numbers count, since functions travel as its bytecode.
    """

    def short(version: str | None) -> str | None:
        return version and ".".join(version.split(".")[:2])

    said = []
    for name in ("python", *DECISIVE):
        its, own = theirs.get(name), ours.get(name)
        if name == "python":
            its, own = short(its), short(own)
        if its != own:
            said.append(f"{name} {its or 'not at all'} where the driver has {own or 'none'}")
    return "it has " + " and ".join(said) if said else None
