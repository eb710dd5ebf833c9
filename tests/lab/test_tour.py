"""The tour as a program: it runs, and it is written down as a page and as a Jupyter notebook."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import Watched, browser, served

from ogive import cli
from ogive.errors import OgiveError
from ogive.lab import export, opening
from ogive.lab.evidence import Chapter, Claim
from ogive.lab.first_text import Gain
from ogive.lab.notebook import PLAYGROUND, TOUR, Cell, cells, need_marimo, run
from ogive.lab.pictures import Picture
from ogive.study.choice import Choice

# A comparison is left out, and the claims have fewer seeds: `make slow` runs all of it.
LESS = {"seeds": 2, "epochs": 2, "choice": None}
KEYS = [*(f"S{i}" for i in range(1, 12)), *(f"C{i}" for i in range(1, 9))]


@pytest.fixture(scope="module")
def ran() -> list[Cell]:
    return run(TOUR, LESS)


@pytest.fixture(scope="module")
def page(ran: list[Cell]) -> str:
    """The page with the first figures alone, since drawing them all takes long."""
    drawn = [i for i, cell in enumerate(ran) if isinstance(cell.output, Picture | Claim)]
    late = set(drawn[6:])
    return export.page([replace(c, output=None) if i in late else c for i, c in enumerate(ran)])


def test_the_chapters_follow_the_texts() -> None:
    prose = "\n".join(cell.source for cell in cells(TOUR) if cell.prose)
    assert re.findall(r"^## (\w+)\. ", prose, re.M) == KEYS


def test_every_cell_runs_and_shows_its_evidence(ran: list[Cell]) -> None:
    shown = [cell.output for cell in ran]
    chapters = [one.key for one in shown if isinstance(one, Chapter)]
    assert chapters == [key for key in KEYS if key != "S11"]
    kinds = {kind: sum(isinstance(one, kind) for one in shown) for kind in (Picture, Claim, Gain)}
    assert kinds == {Picture: 22, Claim: 7, Gain: 2}


def test_the_page_needs_nothing_outside_itself(page: str) -> None:
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*["']""", page)
    assert "url(http" not in page
    assert "✗" not in page
    assert page.count("✓ yes") > 60
    for key in KEYS:
        assert f'id="{key.lower()}"' in page
        assert f'href="#{key.lower()}"' in page


def test_the_page_in_a_browser_wide_and_narrow(page: str, tmp_path: Path) -> None:
    file = tmp_path / "tour.html"
    file.write_text(page)
    with browser() as opened:
        for width in (1200, 390):
            seen = Watched(opened, width)
            seen.page.goto(file.as_uri())
            assert seen.overflow() <= 0
            assert seen.page.locator("svg").count() >= 6
            seen.page.click("a[href='#c8']")
            assert seen.page.locator("#c8").is_visible()
            assert (seen.outside, seen.errors) == ([], [])


def test_the_jupyter_notebook_has_the_cells_with_their_outputs(ran: list[Cell]) -> None:
    few = ran[:12]
    made = json.loads(export.jupyter(few))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"]) == len(few)
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert all({"outputs", "execution_count", "metadata", "source"} <= set(c) for c in code)
    assert any("<svg" in "".join(o["data"]["text/html"]) for c in code for o in c["outputs"])
    for cell in code:
        compile("".join(cell["source"]), "cell", "exec")


def test_a_cell_that_fails_fails_the_tour(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import marimo\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    1 / 0\n    return\n"
    )
    with pytest.raises(Exception, match=r"ZeroDivisionError|division by zero"):
        run(broken)


def test_a_slider_is_words_on_the_page(ran: list[Cell]) -> None:
    shown = [export.output_html(cell.output) for cell in ran if "mo.ui.slider" in cell.source]
    assert len(shown) == 2
    assert shown[0].startswith('<p class="note">offset: 3.0 here')
    assert export.output_html(np.array([1.0, 2.0])) == "<pre>array([1., 2.])</pre>"


def test_an_edited_copy_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ogive_tour.py"
    assert "Your copy of the tour is" in opening.copied(path)
    assert path.read_bytes() == TOUR.read_bytes()
    assert "unchanged so far" in opening.copied(path)
    path.write_text("mine")
    assert "kept as it is" in opening.copied(path)
    assert path.read_text() == "mine"
    with pytest.raises(OgiveError, match="cannot be written"):
        opening.copied(tmp_path / "nowhere" / "tour.py")


def test_without_marimo_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_marimo("tour")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for verb in ("tour", "lab"):
        with pytest.raises(SystemExit) as end:
            cli.main([verb])
        assert end.value.code == 2
        assert 'pip install "ogive[lab]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tour", "--export", "tour.pdf"], "another suffix than .html or .ipynb"),
        (["tour", "--export", "nowhere/tour.html"], "name a file in a folder that exists"),
        (["tour", "absent.py", "--export", "tour.html"], "absent.py cannot be read as a notebook"),
    ],
)
def test_a_wrong_export_is_refused_before_anything_runs(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_the_notebooks_are_well_formed() -> None:
    """marimo's own check: no cycle, no name defined twice, no stray code."""
    import subprocess

    words = [sys.executable, "-m", "marimo", "check", "--strict", str(TOUR), str(PLAYGROUND)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_tour_is_exported(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["tour", "--export", str(tmp_path / "tour.html")])
    assert end.value.code == 0
    page = (tmp_path / "tour.html").read_text()
    assert page.count("<svg") > 40
    assert "✗" not in page


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_jupyter_notebook_runs_from_top_to_bottom() -> None:
    space: dict[str, object] = {"__name__": "tour"}
    for cell in json.loads(export.jupyter(cells(TOUR)))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
    assert isinstance(space["choice"], Choice)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_tour_is_read_and_dragged_in_a_browser(tmp_path: Path) -> None:
    # A small copy: its own first chapters, so that this takes seconds.
    text = TOUR.read_text()
    end = text.index("@app.cell", text.index("first_text.s2()"))
    (tmp_path / "mine.py").write_text(text[:end])
    with browser() as opened, served(tmp_path, "tour", "mine.py") as address:
        seen = Watched(opened, 1200, 3000)
        seen.page.goto(address)
        seen.page.get_by_test_id("run-button").first.wait_for()
        drawn = "svg[aria-label^='The sigmoid and its offset']"
        for _ in range(100):  # the keys are heard once the page has met its server
            seen.page.keyboard.press("Control+Shift+R")
            seen.page.wait_for_timeout(2000)
            if seen.page.locator(drawn).count():
                break
        assert "offset 3" in str(seen.page.locator(drawn).get_attribute("aria-label"))
        seen.page.get_by_role("slider").first.focus()
        seen.page.keyboard.press("End")
        seen.page.locator(drawn + "[aria-label*='offset 8']").wait_for()
        assert (seen.outside, seen.errors) == ([], [])
    assert (tmp_path / "mine.py").read_text().startswith("import marimo")
