"""The public door: light to open, and every name leads somewhere."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ogive
from ogive.errors import BadParameter
from ogive.functions import Definition, registry

HEAVY = ("torch", "jax", "llvmlite", "matplotlib", "scipy.stats", "sklearn", "distributed")


def heavy_after(program: str) -> list[str]:
    """The heavy packages that are loaded once ``program`` has run in a fresh interpreter."""
    listing = f"import sys\n{program}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


HELP = """
import contextlib, io
from ogive.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        main({arguments})
    except SystemExit as end:
        assert end.code == 0, end.code
"""


@pytest.mark.parametrize(
    "program",
    [
        "import ogive",
        "import ogive; dir(ogive); ogive.names()",
        HELP.format(arguments="['--help']"),
        HELP.format(arguments="['choose', '--help']"),
    ],
    ids=["import", "names", "--help", "choose --help"],
)
def test_nothing_heavy_is_loaded(program: str) -> None:
    assert heavy_after(program) == []


@pytest.mark.parametrize(
    "program",
    [
        "import ogive; ogive.relu([1.0])",
        HELP.format(arguments="['eval', 'gelu', '1']"),
        HELP.format(arguments="['cost', 'gelu']"),
    ],
    ids=["a function", "eval", "cost"],
)
def test_evaluating_loads_the_compiler_alone(program: str) -> None:
    assert heavy_after(program) == ["llvmlite"]


def test_the_check_notices_a_heavy_import() -> None:
    assert heavy_after("import ogive, matplotlib") == ["matplotlib"]
    assert "torch" in heavy_after("import ogive; ogive.get('relu').module()")


def test_jax_is_left_alone_until_one_of_its_arrays_comes_in() -> None:
    pytest.importorskip("jax")
    idle = "import ogive, jax; ogive.relu([1.0]); ogive.softmax([1.0])"
    used = "'ogive.jax' in sys.modules, 'ogive.numerics.xla' in sys.modules"
    assert "jax" in heavy_after(f"{idle}; assert ({used}) == (False, False)")
    assert "jax" in heavy_after(f"{idle}; ogive.relu(jax.numpy.ones(1)); assert ({used})[0]")


@pytest.mark.parametrize("name", sorted(ogive._PUBLIC))
def test_every_public_name_leads_somewhere(name: str) -> None:
    assert name in dir(ogive)
    assert getattr(ogive, name) is not None


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda e: e.name)
def test_every_entry_and_alias_is_a_function(entry: Definition) -> None:
    x = np.array([-2.0, 0.0, 1.5, 3.0, -0.5, 1.0, 7.0, -4.0]).reshape(2, 2, 2)
    function = getattr(ogive, entry.name)
    np.testing.assert_array_equal(function(x), registry.find(entry.name)(x))
    assert function.__name__ == entry.name
    document = inspect.getdoc(function)
    assert document is not None
    assert entry.formula in document
    assert str(entry.source) in " ".join(document.split())
    for alias in entry.aliases:
        np.testing.assert_array_equal(getattr(ogive, alias)(x), function(x))
        assert alias in dir(ogive)


def test_signatures_carry_the_parameters() -> None:
    assert str(inspect.signature(ogive.elu)) == "(x, alpha=1.0)"
    assert "axis" in inspect.signature(ogive.softmax).parameters
    assert ogive.elu(-1e9, 0.5) == ogive.elu(x=-1e9, alpha=0.5) == -0.5
    with pytest.raises(BadParameter, match="alpha=-1 is out of bounds"):
        ogive.elu(1.0, alpha=-1)
    assert "Convention: the slope at 0 is 0" in str(ogive.relu.__doc__)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ogive.elu(1.0, alpah=2.0), "elu has no parameter 'alpah'; it has alpha; the near"),
        (lambda: ogive.relu(1.0, beta=2.0), "relu has no parameter 'beta'; it has none"),
        (lambda: ogive.softmax([1.0], dim=0), "softmax has no parameter 'dim'; it has axis"),
        (ogive.elu, "elu is called without x; write ogive.elu(x, alpha=...)"),
        (lambda: ogive.elu(alpha=2.0), "elu is called without x; write ogive.elu(x, alpha=...)"),
        (ogive.softmax, "softmax is called without x; write ogive.softmax(x, axis=...)"),
        (lambda: ogive.relu(1.0, 2.0), "relu takes at most 1 value, and 2 are given; write"),
        (lambda: ogive.elu(1.0, 2.0, 3.0), "elu takes at most 2 values, and 3 are given; write"),
        (lambda: ogive.elu(1.0, x=2.0), "elu: x is given twice; write ogive.elu(x, alpha=...)"),
        (lambda: ogive.elu(1.0, 2.0, alpha=3.0), "elu: alpha is given twice; write"),
        (lambda: ogive.elu(1.0, out=None), "takes no out here; write ogive.get('elu')(x, out=...)"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_in_a_sentence(
    call: Callable[[], Any], sentence: str
) -> None:
    with pytest.raises(BadParameter) as refused:
        call()
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_rooms_are_not_hidden_by_functions() -> None:
    taken = {*registry.names(), *registry.aliases(), *ogive._PUBLIC}
    assert not taken & set(ogive._ROOMS)
    for room in ogive._ROOMS:
        assert importlib.util.find_spec(f"ogive.{room}") is not None
        assert getattr(ogive, room).__name__ == f"ogive.{room}"


def test_an_unknown_attribute_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'sigmod'.*sigmoid"):
        ogive.sigmod  # noqa: B018
    assert not hasattr(ogive, "_hidden")


def test_the_version_is_told() -> None:
    assert isinstance(ogive.__version__, str)
    assert ogive.__version__
