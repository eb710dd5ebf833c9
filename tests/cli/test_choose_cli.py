"""The verbs choose, report and predict, as a user meets them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ogive import cli
from ogive.errors import BadStore
from ogive.study.store import read_study

Captured = pytest.CaptureFixture[str]
SMALL = ["--candidates", "relu,tanh", "--seeds", "5", "--rates", "0.01", "--width", "8"]


def run(capsys: Captured, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``ogive arguments``."""
    with pytest.raises(SystemExit) as end:
        cli.main([str(a) for a in arguments])
    captured = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, captured.out, captured.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a finished study of it, its report and its network."""
    made = tmp_path_factory.mktemp("choose")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a b": random.standard_normal(90), "c": random.choice(["x", "y"], 90)})
    frame["who"] = np.where(frame["a b"] > 0, "them", "us")
    frame.to_csv(made / "data.csv", index=False)
    words = ["choose", made / "data.csv", "--target", "who", *SMALL, "--store", made / "s.sqlite"]
    with pytest.raises(SystemExit) as end:
        cli.main([*map(str, words), "--report", str(made / "r.html"), "--save", str(made / "net")])
    assert end.value.code == 0
    return made


def again(folder: Path, *more: str) -> list[str]:
    words = ["choose", folder / "data.csv", "--target", "who", *SMALL]
    return [*map(str, words), "--store", str(folder / "s.sqlite"), *more]


def test_a_finished_study_is_shown_again_at_once(folder: Path, capsys: Captured) -> None:
    code, out, err = run(capsys, *again(folder))
    assert code == 0
    assert "best score" in out or "recommended" in out
    assert "linear model" in out
    assert "3 of 3 pieces were stored before" in err


def test_json_is_one_document_and_nothing_else(folder: Path, capsys: Captured) -> None:
    code, out, _ = run(capsys, *again(folder, "--json"))
    assert code == 0

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    document = json.loads(out, parse_constant=refuse)
    assert document["recommended"] in {"relu", "tanh"}
    assert len(out.strip().splitlines()) == 1


def test_the_report_is_made_from_the_store_alone(folder: Path, capsys: Captured) -> None:
    code, out, _ = run(capsys, "report", folder / "s.sqlite", "-o", folder / "again.html")
    assert code == 0
    assert "again.html" in out
    assert (folder / "again.html").read_text() == (folder / "r.html").read_text()
    code, _, err = run(capsys, "report", folder / "s.sqlite", "--margin", "-1")
    assert code == 2
    assert "margin" in err


def test_predictions_go_to_a_file_or_to_the_screen(folder: Path, capsys: Captured) -> None:
    code, out, _ = run(capsys, "predict", folder / "net", folder / "data.csv")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "who,P(them),P(us)"
    assert len(lines) == 91
    for name, read in (("p.csv", pd.read_csv), ("p.parquet", pd.read_parquet)):
        code, out, err = run(
            capsys, "predict", folder / "net", folder / "data.csv", "-o", folder / name
        )
        assert (code, out) == (0, "")
        assert "90 predictions" in err
        truth = pd.read_csv(folder / "data.csv")["who"]
        assert (read(folder / name)["who"] == truth).mean() > 0.9


def test_the_default_store_is_named_for_data_and_settings(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [w for w in again(folder) if w not in {"--store", str(folder / "s.sqlite")}]
    assert run(capsys, *words)[0] == 0
    (store,) = tmp_path.iterdir()
    assert store.name.startswith("ogive-data-")
    # What changes nothing in the study finds the same store; what does makes another.
    assert run(capsys, *words, "--margin", "0.02", "--json")[0] == 0
    assert list(tmp_path.iterdir()) == [store]
    assert run(capsys, *words, "--seed", "1")[0] == 0
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["choose", "none.csv", "--target", "y"], "there is no file 'none.csv'"),
        (["choose", "digit"], "nearest names are digits"),
        (["choose", "digits", "--rates", "a"], "'a' is no list of numbers"),
        (["choose", "digits", "--report", "no/such/r.html"], "does not exist"),
        (["choose", "digits", "--save", "DATA"], "is a file; name a folder"),
        (["choose", "digits", "--store", "no/such/s.sqlite"], "does not exist"),
        (["choose", "DATA"], "needs a target"),
        (["choose", "digits", "--seeds", "many"], "valid integer"),
        (["report", "DATA"], "not a database"),
        (["report", "none.sqlite"], "there is no store"),
        (["predict", "none", "DATA"], "holds no saved network"),
        (["predict", "NET", "DATA", "-o", "x.txt"], "name a .csv or .parquet file"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_2(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    places = {"DATA": str(folder / "data.csv"), "NET": str(folder / "net")}
    code, out, err = run(capsys, *[places.get(w, w) for w in words])
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_with_130_and_leaves_a_store_to_go_on_with(
    folder: Path, tmp_path: Path
) -> None:
    store = tmp_path / "s.sqlite"
    five = "relu,tanh,elu,gelu,mish"
    words = [sys.executable, "-m", "ogive", "choose", "digits", "--candidates", five]
    # In the background this process may ignore the signal, and then its children would too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(
        [*words, "--width", "16", "--rates", "0.003", "--seeds", "20", "--store", str(store)],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if store.exists() and store.stat().st_size and child.poll() is None:
            with contextlib.suppress(BadStore):  # its tables are being made
                if read_study(store).seconds:
                    break
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to workers too
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "pieces of work are finished and stored" in err
    assert "Traceback" not in err
    left = read_study(store)
    assert 1 <= len(left.seconds) < len(left.plan.units())
