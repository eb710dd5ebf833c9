"""The types that editors and type checkers see: those of __init__.pyi, made from the catalogue."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import typing
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ogive
from ogive.functions import Definition, Parameter, aliases, registry

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".mypy_cache"  # that of `make lint`, which most likely ran before
TYPED = Path(__file__).parent / "typed"
Found = dict[str, dict[int, set[str]]]


@pytest.fixture(scope="module")
def stubs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools" / "stubs.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_stub_is_what_the_tool_would_write(stubs: ModuleType) -> None:
    assert stubs.STUB.read_text() == stubs.current(), "run: python tools/stubs.py"


def _with_default(entry: Definition) -> Definition:
    return replace(entry, parameters=(Parameter("alpha", 2.0),))


@pytest.mark.parametrize(
    "change",
    [
        _with_default,
        lambda entry: replace(entry, name="elu2"),
        lambda entry: replace(entry, parameters=()),
        lambda entry: replace(entry, formula="x"),
    ],
    ids=["default", "name", "parameters", "formula"],
)
def test_a_changed_entry_changes_the_stub(
    stubs: ModuleType, change: Callable[[Definition], Definition]
) -> None:
    elu, softmax = registry.definition("elu"), registry.find("softmax")
    assert stubs.stub([change(elu), softmax], {}) != stubs.stub([elu, softmax], {})


def test_names_and_settings_of_the_stub_follow_the_catalogue(stubs: ModuleType) -> None:
    elu, softmax = registry.definition("elu"), registry.find("softmax")
    text = stubs.stub([elu, softmax], {"exp_linear": "elu", "no-name": "elu", "swish": "silu"})
    assert "alpha: float = 1.0" in text
    assert "exp_linear = elu" in text
    assert "no-name" not in text
    assert "swish" not in text
    whole = stubs.STUB.read_text()
    for name in [*registry.names(), *aliases(), *ogive._PUBLIC, *ogive._ROOMS]:
        if name not in registry._formulas:
            assert re.search(rf"^def {name}\(|^{name} = | as {name}$", whole, re.M), name


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What mypy finds: for each file, the kinds of error in each line."""
    folder = tmp_path_factory.mktemp("typed")
    for source in TYPED.glob("*.py"):
        shutil.copy(source, folder)
    # The stub hides this file from mypy, so it is checked under another name.
    shutil.copy(ROOT / "src" / "ogive" / "__init__.py", folder / "door_body.py")
    (folder / "door_broken.py").write_text(
        (folder / "door_body.py").read_text().replace("_door.attribute(name, ", "_door.attribute(")
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--hide-error-context"),
            *("--no-error-summary", "--config-file", str(ROOT / "pyproject.toml")),
            *("--cache-dir", str(CACHE)),
            *sorted(path.name for path in folder.glob("*.py")),
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    errors: Found = defaultdict(lambda: defaultdict(set))
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(.+?\.pyi?):(\d+): error: .*\[([a-z-]+)\]", line)
        if match:
            errors[Path(match[1]).name][int(match[2])].add(match[3])
        else:
            assert ": note: " in line, line[:500]
    return errors


def test_right_calls_have_the_types_they_should(found: Found) -> None:
    assert not found["right.py"]
    assert set(found) <= {"right.py", "wrong.py", "door_body.py", "door_broken.py"}


def test_every_wrong_call_is_found_and_nothing_else(found: Found) -> None:
    lines = enumerate((TYPED / "wrong.py").read_text().splitlines(), 1)
    expected = {i: line.rpartition("  # ")[2] for i, line in lines if "  # " in line}
    assert expected.keys() == found["wrong.py"].keys()
    for line, kind in expected.items():
        assert kind in found["wrong.py"][line], line


def test_the_door_itself_is_typed(found: Found) -> None:
    assert not found["door_body.py"]
    assert found["door_broken.py"]


def test_right_calls_work_and_give_what_their_types_say() -> None:
    checked: list[Any] = []

    def check(value: Any, kind: Any) -> Any:
        plain = typing.get_origin(kind) or kind
        assert isinstance(value, plain)
        if plain is np.ndarray and typing.get_args(typing.get_args(kind)[1])[0] is not Any:
            assert value.dtype == typing.get_args(typing.get_args(kind)[1])[0]
        checked.append(value)
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typing, "assert_type", check)
        runpy.run_path(str(TYPED / "right.py"))
    assert len(checked) > 20
