"""Which activation function should my network use, and is the one I have hurting me?

``ogive.get("elu", alpha=0.5)`` is a function of the catalogue, ``ogive.elu(x, alpha=0.5)`` calls
one, ``ogive.choose(...)`` compares them on your data. ``ogive.names()`` lists the catalogue.
Everything is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ogive.errors import OgiveError as OgiveError
    from ogive.functions.activation import Activation as Activation
    from ogive.functions.formula import define as define
    from ogive.functions.registry import find as get  # noqa: F401
    from ogive.functions.registry import names as names
    from ogive.functions.timing import Cost as Cost
    from ogive.functions.vector import sum_of_sigmoids as sum_of_sigmoids
    from ogive.torch.initialise import InitReport as InitReport
    from ogive.torch.initialise import init_ as init_
    from ogive.torch.swap import Swap as Swap
    from ogive.torch.swap import swap as swap

# Public name -> (module below ogive, name there).
_PUBLIC = {
    "define": ("functions.formula", "define"),
    "get": ("functions.registry", "find"),
    "names": ("functions.registry", "names"),
    "register": ("functions.registry", "register"),
    "sum_of_sigmoids": ("functions.vector", "sum_of_sigmoids"),
    "Activation": ("functions.activation", "Activation"),
    "Cost": ("functions.timing", "Cost"),
    "Definition": ("functions.activation", "Definition"),
    "Facts": ("functions.activation", "Facts"),
    "Parameter": ("functions.activation", "Parameter"),
    "Source": ("functions.activation", "Source"),
    "OgiveError": ("errors", "OgiveError"),
    "moments": ("meanfield.moments", "moments"),
    "gain": ("meanfield.gains", "gain"),
    "choose": ("study.choose", "choose"),
    "load": ("study.takehome", "load"),
    "swap": ("torch.swap", "swap"),
    "init_": ("torch.initialise", "init_"),
    "Swap": ("torch.swap", "Swap"),
    "InitReport": ("torch.initialise", "InitReport"),
}
_ROOMS = ("cli", "errors", "functions", "meanfield", "numerics", "report", "study", "torch")


def __getattr__(name: str) -> Any:
    import importlib

    if name in _PUBLIC:
        module, inner = _PUBLIC[name]
        found = getattr(importlib.import_module(f"ogive.{module}"), inner)
    elif name in _ROOMS:
        return importlib.import_module(f"ogive.{name}")
    elif name == "__version__":
        found = _version()
    elif name.startswith("_"):
        raise AttributeError(f"module 'ogive' has no attribute {name!r}")
    else:
        from ogive.errors import UnknownName
        from ogive.functions.callables import catalogue_function

        try:
            found = catalogue_function(name)
        except UnknownName as unknown:
            raise AttributeError(f"module 'ogive' has no attribute {name!r}: {unknown}") from None
        if not getattr(found, "lasting", True):
            return found
    globals()[name] = found
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ogive")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"


def __dir__() -> list[str]:
    from ogive.functions import aliases, names

    return sorted({*globals(), *_PUBLIC, *_ROOMS, *names(), *aliases(), "__version__"})
