"""Which activation function should my network use, and is the one I have hurting me?

``ogive.get("elu", alpha=0.5)`` is a function of the catalogue, ``ogive.elu(x, alpha=0.5)`` calls
one, ``ogive.choose(...)`` compares them on your data, ``ogive.theory("elu")`` says what one does in
a deep network. ``ogive.names()`` lists the catalogue.
Everything is loaded on first use.
"""

from __future__ import annotations

from typing import Any

from ogive import door as _door

# Public name -> (module below ogive, name there). The types of all names are in __init__.pyi,
# which `python tools/stubs.py` writes anew.
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
    "plot": ("report.figures", "plot"),
    "moments": ("meanfield.moments", "moments"),
    "pair_moments": ("meanfield.pairs", "pair_moments"),
    "gain": ("meanfield.gains", "gain"),
    "gradient_gain": ("meanfield.gains", "gradient_gain"),
    "theory": ("meanfield.theory", "theory"),
    "Theory": ("meanfield.theory", "Theory"),
    "choose": ("study.choose", "choose"),
    "load": ("study.takehome", "load"),
    "OgiveClassifier": ("study.estimators", "OgiveClassifier"),
    "OgiveRegressor": ("study.estimators", "OgiveRegressor"),
    "swap": ("torch.swap", "swap"),
    "init_": ("torch.initialise", "init_"),
    "probe": ("diagnosis.probe", "probe"),
    "watch": ("diagnosis.watch", "watch"),
    "Health": ("diagnosis.health", "Health"),
    "Swap": ("torch.swap", "Swap"),
    "InitReport": ("torch.initialise", "InitReport"),
    "compare": ("torch.compare", "compare"),
    "Comparison": ("torch.compare", "Comparison"),
}
_ROOMS = (
    "cli",
    "diagnosis",
    "errors",
    "functions",
    "jax",
    "lab",
    "meanfield",
    "numerics",
    "report",
    "study",
    "torch",
)


def __getattr__(name: str) -> Any:
    found, lasting = _door.attribute(name, _PUBLIC, _ROOMS)
    if lasting:
        globals()[name] = found
    return found


def __dir__() -> list[str]:
    return _door.listing([*globals(), *_PUBLIC, *_ROOMS])
