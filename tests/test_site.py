"""The site: pages of the atlas say what is so, the reference is whole, and links are checked."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import ogive
from ogive.functions import registry

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from website import atlas, check, figures, pictures, reference, sources  # noqa: E402

CERTIFICATE = json.loads((ROOT / "docs" / "accuracy.json").read_text())["rows"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three pages of the atlas and its index, as they are written."""
    folder = tmp_path_factory.mktemp("atlas")
    chosen = [e for e in atlas.entries() if e.name in ("elu", "gcu", "softmax2d")]
    assert len(atlas.write(folder, chosen)) == 3
    return {path.stem: html.unescape(path.read_text()) for path in folder.glob("*.md")}


def test_a_page_has_formula_picture_card_and_source(pages: dict[str, str]) -> None:
    page = pages["elu"]
    assert "<mi>α</mi>" in page
    assert "<msup><mi>e</mi>" in page
    assert 'aria-label="elu and its slope from -6 to 6"' in page
    for row in ogive.get("elu").card().rows():
        if row[0] in ("range", "limits", "gain", "second moment"):
            assert row[1] in page
    (alpha,) = registry.definition("elu").parameters
    for text in (alpha.bounds().removeprefix("it must be "), alpha.meaning, "alpha"):
        assert text in page
    assert "[arXiv:1511.07289](https://arxiv.org/abs/1511.07289)" in page
    assert ogive.theory("elu").verdict in page


def test_a_page_names_what_other_frameworks_call_it(pages: dict[str, str]) -> None:
    for name in ("torch.nn.ELU", "keras.activations.elu", "jax.nn.elu", "Elu"):
        assert f"<code>{name}</code>" in pages["elu"]
    assert "names no equivalent in PyTorch" in pages["gcu"]
    assert "torch.nn.Softmax2d" in pages["softmax2d"]


def test_the_figures_are_those_that_were_measured(pages: dict[str, str]) -> None:
    row = next(
        r
        for r in CERTIFICATE
        if (r["function"], r["what"], r["float"]) == ("elu", "slope", "float32")
    )
    assert f"{row['ogive']['units']:.2f} (" in pages["elu"]
    assert f"{row['torch']['units']:.2f} (" in pages["elu"]
    speed = (ROOT / "docs" / "speed.md").read_text()
    table = speed.partition("### 1 thread, float32, 2^20, forward")[2]
    cells = next(line for line in table.splitlines() if line.startswith("| elu |")).split("|")
    assert f"<td>{cells[2].split('/')[0].strip()}</td>" in pages["elu"]
    assert "is not among the functions timed" in pages["gcu"]
    assert "How accurate" not in pages["softmax2d"]


def test_every_entry_has_figures_of_its_accuracy() -> None:
    judged = {row["function"].partition(":")[0] for row in CERTIFICATE}
    for name in judged:
        assert len(figures.accuracy(name)) >= 8
    assert figures.accuracy("softmax") == []


def test_all_tables_of_the_speed_page_are_read() -> None:
    text = (ROOT / "docs" / "speed.md").read_text()
    assert len(figures.medians()) == len(re.findall(r"^### .*, (?:for|back)ward$", text, re.M))
    assert all(len(t.rows) > 10 for t in figures.medians())
    assert figures.measured().startswith("On 20")
    assert figures.medians("# Speed\n") == ()


def test_the_index_shows_each_by_family(pages: dict[str, str]) -> None:
    index = pages["index"]
    for name, family in (("elu", "Exponential"), ("softmax2d", "Along an axis")):
        tile = re.search(rf'<a class="tile" href="{name}.html">(<svg.*?</svg>)<span>', index)
        assert tile
        assert index.index(f"## {family}") < tile.start()
        ElementTree.fromstring(tile.group(1))
    assert "- `growing_cosine_unit`: [gcu](gcu.md)" in index


def test_the_picture_of_a_function_along_an_axis_is_of_its_numbers() -> None:
    x = np.array([-1.0, 2.0])
    for name in ("softmax", "softmax2d"):
        entry = next(e for e in atlas.entries() if e.name == name)
        first, second = pictures.first_results(entry, x).values()
        np.testing.assert_allclose(first, 1 / (1 + np.exp(1 - x)))
        np.testing.assert_allclose(second, 1 / (1 + np.exp(x - 1)))


def test_every_public_name_and_every_command_is_in_the_reference() -> None:
    told = "".join(reference.page(room, title) for room, title in reference.ROOMS.items())
    for name in ogive._PUBLIC:
        assert f":: ogive.{name}\n" in told
    commands = reference.commands()
    for word in ("## ogive choose", "`--candidates`", "## ogive plot", "`--output`, `-o`"):
        assert word in commands


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="b.html#there">b</a><img src="data:,">', None),
        ('<a href="https://arxiv.org">out</a><link rel="canonical" href="https://x">', None),
        ('<a href="c.html">c</a>', "a.html: links to c.html, which is no file"),
        ('<a href="b.html#gone">b</a>', "'gone' is nowhere on that page"),
        ('<script src="https://cdn.example/x.js"></script>', "fetches https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/f.css">', "fetches //fonts.example"),
        ('<img src="none.png">', "fetches none.png, which is no file"),
        ('<p style="background: url(http://x/y.png)">', "fetches http://x/y.png"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(body: str, fault: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(f"<html><body>{body}</body></html>")
    (tmp_path / "b.html").write_text('<p id="there">x</p>')
    found = check.problems(tmp_path)
    assert found == [] if fault is None else fault in found[0]


def test_a_style_sheet_that_fetches_from_outside_is_found(tmp_path: Path) -> None:
    (tmp_path / "own.css").write_text("@import 'mine.css'; a { src: url(font.woff) }")
    assert check.problems(tmp_path) == []
    (tmp_path / "far.css").write_text("@import 'https://fonts.example/css';")
    assert check.problems(tmp_path) == ["far.css fetches https://fonts.example/css"]


def test_links_out_of_docs_lead_to_pages_of_the_site() -> None:
    page, wanted = ROOT / "docs" / "guide" / "x.md", []
    text = "[a](../depth.md#now) [b](../../tests/test_site.py#test_b) [c](https://x.y) [d](#here)"
    assert sources.rewritten(text, page, wanted) == (
        "[a](../depth.md#now) [b](../source/tests-test_site-py.md#test_b) "
        "[c](https://x.y) [d](#here)"
    )
    assert wanted == [ROOT / "tests" / "test_site.py"]
    with pytest.raises(FileNotFoundError, match=r"links to gone.md, which is no file"):
        sources.rewritten("[x](gone.md)", page, wanted)


def test_a_file_of_code_is_a_page_with_an_anchor_at_each_function() -> None:
    page = sources.code_page(
        "a/b.py", "import os\n\n\ndef one():\n    pass\n\n\nclass Two:\n    x = 1\n"
    )
    assert page.index('<span id="one">') < page.index("def one") < page.index('<span id="Two">')
    assert page.startswith("# a/b.py\n")
    assert page.count("````python") == 3


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("sphinx") is None, reason="make docs installs Sphinx")
def test_the_site_builds_without_a_warning_and_every_function_has_its_page(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "website", tmp_path / "site"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    made = {path.stem for path in (tmp_path / "site" / "atlas").glob("*.html")}
    assert made == {"index", *(entry.name for entry in atlas.entries())}
