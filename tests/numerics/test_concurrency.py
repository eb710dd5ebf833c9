"""Kernels from many threads and processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ogive.functions import get
from ogive.numerics import threads
from ogive.numerics.compiled import VALUE, Call, Compiled

LABELS = ["relu", "elu:alpha=0.5", "sigmoid", "tanh", "gelu", "softplus", "silu", "mish"]

# What every program begins with. A hang ends in a list of where each thread stood.
HEAD = f"""
import faulthandler, multiprocessing, os, signal, sys, threading
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from ogive.functions import get
from ogive.numerics import threads
faulthandler.dump_traceback_later(200, exit=True)
LABELS = {LABELS!r}
rng = np.random.default_rng(5)
LARGE = rng.normal(size=3 * threads.PIECE + 5) * 3
SMALL = LARGE[:1000]

def all_at_once(work, count):
    barrier = threading.Barrier(count)
    def started(i):
        barrier.wait()
        return work(i)
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(started, range(count)))
"""


def run(program: str, folder: Path) -> None:
    """Run ``program`` in a process of its own, with its own folder of kernels."""
    launch(["-c", HEAD + program], folder)


def launch(arguments: list[str], folder: Path) -> None:
    """Run Python in a process of its own and require its last word to be "fine"."""
    environment = {
        **os.environ,
        "OGIVE_CACHE_DIR": str(folder),
        "OGIVE_THREADS": "3",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        # Python 3.12 and later warn of every fork beside threads, which is the point here.
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1:] == ["fine"], done.stdout[-2000:]


def test_many_threads_on_large_arrays() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=3 * threads.PIECE + 5)
    threads.set_threads(1)
    try:
        jobs = [(get(label), d) for label in LABELS for d in (np.float32, np.float64)]
        want = [(act(x.astype(d)), act.slope(x.astype(d))) for act, d in jobs]
        threads.set_threads(3)

        def work(i: int) -> tuple[np.ndarray, np.ndarray]:
            act, dtype = jobs[i % len(jobs)]
            given = x.astype(dtype)
            return act(given), act.slope(given, out=given)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(work, range(3 * len(jobs))))
    finally:
        threads.set_threads(None)
    for i, (value, slope) in enumerate(found):
        np.testing.assert_array_equal(value, want[i % len(jobs)][0])
        np.testing.assert_array_equal(slope, want[i % len(jobs)][1])


def test_the_first_use_may_come_from_many_threads(tmp_path: Path) -> None:
    run(
        """
def work(i):
    # Each begins with another function, and all meet at every one.
    made = {}
    for label in LABELS[i:] + LABELS[:i]:
        act = get(label)
        made[label] = act(LARGE), act.slope(SMALL.astype(np.float32)), act(SMALL.astype("e"))
    made["by alpha"] = get("elu:alpha=0.5").parameter_slope("alpha", SMALL)
    return made

everything = all_at_once(work, 8)
for made in everything[1:]:
    for key, results in made.items():
        for one, two in zip(results, everything[0][key]):
            np.testing.assert_array_equal(one, two)
np.testing.assert_allclose(everything[0]["tanh"][0], np.tanh(LARGE), rtol=1e-14)
print("fine")
""",
        tmp_path,
    )
    assert not list(tmp_path.glob("*.part"))


def test_derivatives_of_one_graph_may_be_made_by_many_threads(tmp_path: Path) -> None:
    run(
        """
sys.setswitchinterval(1e-6)
from ogive.numerics.compiled import Wanted
from ogive.numerics.kernels import apply_wanted

# Settings of one form share a graph, which grows by every derivative.
acts = [get("pelu", a=1 + i / 16, b=1.5) for i in range(8)]
wanted = [Wanted(2), Wanted(0, 0), Wanted(3), Wanted(0, 1), Wanted(1, 0), Wanted(4), Wanted(1, 1)]

def work(i):
    order = wanted[i % len(wanted):] + wanted[:i % len(wanted)]
    return {w: apply_wanted(acts[i].compiled, w, SMALL) for w in order}

found = all_at_once(work, 8)
graph = acts[0].compiled._traced.graph
assert [node.place for node in graph.nodes] == list(range(len(graph.nodes)))
a, b, x = 1 + np.arange(8) / 16, 1.5, SMALL
for i, made in enumerate(found):
    low = np.exp(np.minimum(x, 0) / b)
    np.testing.assert_allclose(made[Wanted(2)], np.where(x > 0, 0, a[i] / b**2 * low), rtol=1e-13)
    np.testing.assert_allclose(made[Wanted(3)], np.where(x > 0, 0, a[i] / b**3 * low), rtol=1e-13)
    np.testing.assert_allclose(
        made[Wanted(0, 0)], np.where(x > 0, x / b, np.expm1(np.minimum(x, 0) / b)), rtol=1e-13
    )
print("fine")
""",
        tmp_path,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_while_its_parent_does(tmp_path: Path) -> None:
    run(
        """
threads.set_threads(3)
want = {label: get(label)(LARGE) for label in LABELS[:4]}
stop = threading.Event()

def busy():
    while not stop.is_set():
        for label in want:
            get(label)(LARGE)

def compiling():
    i = 0
    while not stop.is_set():
        i += 1
        x = SMALL[:10]
        get(f"{i % 7 + 1}*tanh(x) + {i}")(x)

others = [threading.Thread(target=work, daemon=True) for work in (busy, busy, compiling)]
for other in others:
    other.start()
for round in range(12):
    child = os.fork()
    if child == 0:
        signal.alarm(40)  # a child that hangs is ended
        try:
            for label in want:  # warm, on threads of its own
                np.testing.assert_array_equal(get(label)(LARGE), want[label])
            new = get("silu")(LARGE)  # cold
            np.testing.assert_allclose(new, LARGE / (1 + np.exp(-LARGE)), rtol=1e-13)
        except BaseException as error:
            print(repr(error)[:300], flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for other in others:
    other.join()
for label in want:
    np.testing.assert_array_equal(get(label)(LARGE), want[label])
print("fine")
""",
        tmp_path,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_way_to_start_a_process(tmp_path: Path, method: str) -> None:
    import multiprocessing

    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    # Children of spawn import the main module, so it has to be a file.
    program = tmp_path / "program.py"
    program.write_text(
        HEAD
        + f"""
def child(act):
    return act(LARGE)

if __name__ == "__main__":
    act = get("elu:alpha=0.25")
    want = act(LARGE)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        for found in pool.map(child, [act] * 4):
            np.testing.assert_array_equal(found, want)
    print("fine")
"""
    )
    launch([str(program)], tmp_path / "kept")


def test_pools_of_other_processes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    own = threads._pool(2)
    assert threads._pool(2) is own
    assert threads._pool(3) is not own
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert threads._pool(2) is not own
    assert list(threads._pools) == [-1]
    monkeypatch.undo()
    assert threads._pool(2) is not own


def test_the_door_may_be_opened_by_many_threads_at_once(tmp_path: Path) -> None:
    run(
        """
import ogive

def work(i):
    names = ["elu", "swish", "gelu", "softmax", "crelu", "hard_swish", "log_softmax", "mish"]
    return {name: getattr(ogive, name)(SMALL) for name in names[i:] + names[:i]}

found = all_at_once(work, 8)
for made in found:
    for name, result in made.items():
        np.testing.assert_array_equal(result, found[0][name])
        np.testing.assert_array_equal(result, ogive.get(name)(SMALL))
print("fine")
""",
        tmp_path,
    )


def test_formulas_may_be_read_by_many_threads_at_once(tmp_path: Path) -> None:
    run(
        """
sys.setswitchinterval(1e-6)
from ogive.functions.formula import build
from ogive.functions.formula_tree import X, node, number

# Equal parts of formulas are one object, on which the rules for stable forms depend.
for round in range(20):
    def work(i):
        return [node("*", X, number(1000 * round + j)) for j in range(300)]
    for same in zip(*all_at_once(work, 8)):
        assert len(set(map(id, same))) == 1

def work(i):
    return [build("f", f"x*tanh(log(1 + exp({j}*x)))", {}).slope(SMALL) for j in range(1, 4)]

for found in all_at_once(work, 8):
    np.testing.assert_array_equal(found, work(0))
print("fine")
""",
        tmp_path,
    )


def test_tensors_are_differentiated_by_many_threads_while_others_compile(tmp_path: Path) -> None:
    run(
        """
import torch
torch.set_num_threads(1)

def work(i):
    made = {}
    for label in LABELS[i:] + LABELS[:i]:  # each begins with another, and all meet at every one
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            x = torch.from_numpy(SMALL).to(dtype).requires_grad_()
            y = get(label)(x)
            (slope,) = torch.autograd.grad(y.sum(), x)
            made[label, dtype] = y.detach(), slope
    return made

found = all_at_once(work, 8)
for made in found:
    for key, (value, slope) in made.items():
        assert torch.equal(value, found[0][key][0])
        assert torch.equal(slope, get(key[0]).slope(torch.from_numpy(SMALL).to(key[1])))
print("fine")
""",
        tmp_path,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_by_a_warm_process_makes_new_kernels_and_formulas(tmp_path: Path) -> None:
    run(
        """
import ogive
want = {label: get(label)(SMALL) for label in LABELS}
for round in range(3):
    children = []
    for i in range(4):
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a child that hangs is ended
            try:
                for label in LABELS:
                    np.testing.assert_array_equal(get(label)(SMALL), want[label])
                new = get(f"{i + round + 1}*tanh(x)")(SMALL)
                np.testing.assert_allclose(new, (i + round + 1) * np.tanh(SMALL), rtol=1e-13)
                assert ogive.selu(SMALL.astype(np.float32)).dtype == np.float32
            except BaseException as error:
                print(repr(error)[:300], flush=True)
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
print("fine")
""",
        tmp_path,
    )


def test_threads_that_make_one_kernel_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # A kernel's constants are handed on as an address, so a second one may not take its place.
    elu = get("elu").definition
    compiled = Compiled(elu.value, elu.slope, (0.5,))
    together, made = threading.Barrier(4), compiled._made

    def slowly(*wanted: object) -> Call:
        together.wait(timeout=30)
        return made(*wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(compiled, "_made", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: compiled.call((VALUE,), "double"), range(4)))
    assert len(set(map(id, found))) == 1
    assert compiled.ready(0, "double")[1] == found[0].constants.ctypes.data


def test_a_program_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run("all_at_once(lambda i: 1 / (i - 3), 8); print('fine')", tmp_path)
    with pytest.raises(AssertionError):
        run("print('no')", tmp_path)
