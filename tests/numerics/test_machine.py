"""Compiled kernels on disk: found again, never mistaken, and never needed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ogive.functions import Definition, get
from ogive.functions.activation import Facts, Source
from ogive.numerics import machine
from ogive.numerics.elementary import exp, maximum, tanh

# Evaluates a few functions and prints the sum of the results, and how many kernels were compiled.
PROGRAM = """
import numpy as np
from ogive.functions import get
from ogive.numerics import machine

count, compile_ = 0, machine._compile

def counted(text):
    global count
    count += 1
    return compile_(text)

machine._compile = counted
x = np.linspace(-3, 3, 41)
total = 0.0
for label in ("relu", "elu:alpha=0.5", "elu:alpha=0.25"):
    act = get(label)
    for dtype in (np.float64, np.float32, np.float16):
        total += float(act(x.astype(dtype)).astype(float).sum())
        total += float(act.slope(x.astype(dtype)).astype(float).sum())
total += float(get("elu").parameter_slope("alpha", x).sum())
print(count, repr(total))
"""


def command(folder: Path | str, program: str = PROGRAM) -> subprocess.Popen[str]:
    """A new process whose kernels are kept in ``folder``."""
    environment = {**os.environ, "OGIVE_CACHE_DIR": str(folder), "OGIVE_THREADS": "2"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How many kernels it compiled, and what it computed."""
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-2000:]
    count, total = out.split()
    return int(count), total


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    count, total = answer(command(folder))
    files = kept(folder)
    assert count == len(files) > 0
    assert all(name.endswith(".o") for name in files)
    assert answer(command(folder)) == (0, total)
    assert kept(folder) == files


def test_settings_of_one_form_share_their_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OGIVE_CACHE_DIR", str(tmp_path))
    texts: list[str] = []
    monkeypatch.setattr(machine, "_loaded", {})
    compile_ = machine._compile

    def counted(text: str) -> bytes:
        texts.append(text)
        return compile_(text)

    monkeypatch.setattr(machine, "_compile", counted)
    x = np.linspace(-2, 2, 9)
    for alpha in (0.123, 0.456, 0.789):
        act = get(f"elu:alpha={alpha}")
        np.testing.assert_allclose(act(x), np.where(x > 0, x, alpha * np.expm1(x)), rtol=1e-15)
    assert len(texts) <= 1


def test_two_processes_at_once_do_no_harm(tmp_path: Path) -> None:
    both = [command(tmp_path), command(tmp_path)]
    (_, one), (_, two) = [answer(process) for process in both]
    assert one == two
    assert not list(tmp_path.glob("*.part"))
    assert answer(command(tmp_path)) == (0, one)


def test_damaged_files_are_made_anew(tmp_path: Path) -> None:
    _, total = answer(command(tmp_path))
    files = kept(tmp_path)
    harms: list[Callable[[bytes, int], bytes]] = [
        lambda data, _: b"",
        lambda data, middle: data[:middle],
        lambda data, _: data[:8],
        lambda data, middle: data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        lambda data, _: data + b"\0",
        lambda data, _: b"not a kernel",
    ]
    assert len(files) >= len(harms)
    for i, (name, data) in enumerate(files.items()):
        (tmp_path / name).write_bytes(harms[i % len(harms)](data, len(data) // 2))
    assert answer(command(tmp_path)) == (len(files), total)
    assert kept(tmp_path) == files


def test_a_folder_in_the_place_of_a_file_costs_the_compiling_only(tmp_path: Path) -> None:
    _, total = answer(command(tmp_path))
    for path in list(tmp_path.iterdir()):
        path.unlink()
        path.mkdir()
    count, again = answer(command(tmp_path))
    assert count > 0
    assert again == total
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_made_costs_the_compiling_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        count, _ = answer(command(folder))
        assert count > 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_to_costs_the_compiling_only(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        count, _ = answer(command(tmp_path))
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert count > 0
    assert kept(tmp_path) == {}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a process that has loaded nothing yet."""
    monkeypatch.setattr(machine, "_loaded", {})
    return monkeypatch


@pytest.mark.parametrize("error", [PermissionError, OSError, RuntimeError])
def test_no_home_and_no_room_cost_the_compiling_only(
    fresh: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error("not here")

    fresh.setattr(machine, "folder", fails)
    x = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(get("tanh")(x), np.tanh(x), rtol=1e-15)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, fresh: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    fresh.setenv("OGIVE_CACHE_DIR", str(tmp_path))
    fresh.setattr(os, "replace", full)
    machine._keep("key", b"code")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OGIVE_CACHE_DIR", "/somewhere/else")
    assert machine.folder() == Path("/somewhere/else")
    monkeypatch.delenv("OGIVE_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert machine.folder() == Path("/caches/ogive/kernels")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert machine.folder() == Path.home() / ".cache" / "ogive" / "kernels"


def defined(value: Any, slope: Any) -> Any:
    return Definition(
        name="changing",
        formula="x",
        value=value,
        slope=slope,
        facts=lambda: Facts(range=(-np.inf, np.inf), limits=(None, None), lipschitz=np.inf),
        source=Source("made up"),
    )()


def test_a_definition_that_changed_never_meets_the_old_kernel() -> None:
    x = np.array([0.5, 1.0, 2.0])
    for factor in (1.0, 2.0, 3.0):
        act = defined(lambda x, f=factor: f * tanh(x), lambda x, f=factor: f * (1 - tanh(x) ** 2))
        np.testing.assert_allclose(act(x), factor * np.tanh(x), rtol=1e-15)
        np.testing.assert_allclose(act.slope(x), factor / np.cosh(x) ** 2, rtol=1e-15)
    for expression, want in ((exp, np.exp(x)), (lambda x: maximum(x, 1), np.maximum(x, 1))):
        np.testing.assert_allclose(defined(expression, exp)(x), want, rtol=1e-15)


def test_constants_that_differ_in_the_last_bit_make_other_kernels() -> None:
    x = np.zeros(3)
    for number in (0.1, np.nextafter(0.1, 1), 1e-300, 5e-324, -0.0, 0.0):
        got = defined(lambda x, n=number: maximum(x, 0) + n, lambda x: 0 * x)(x)
        assert (got == number).all()


def test_another_machine_or_compiler_makes_another_file(
    tmp_path: Path, fresh: pytest.MonkeyPatch
) -> None:
    fresh.setenv("OGIVE_CACHE_DIR", str(tmp_path))
    x = np.array([1.0])
    get("tanh")(x)
    act = defined(lambda x: tanh(x) + 1, lambda x: 1 - tanh(x) ** 2)
    act(x)
    before = set(kept(tmp_path))
    assert before
    fresh.setattr(machine, "_made_for", lambda: "another")
    fresh.setattr(machine, "_loaded", {})
    again = defined(lambda x: tanh(x) + 1, lambda x: 1 - tanh(x) ** 2)
    again(x)
    after = set(kept(tmp_path))
    assert before < after
