"""docs/transformations.md: every cell names tests that exist, or says why there are none."""

from __future__ import annotations

import re

from named_tests import ROOT, absent, named

PAGE = ROOT / "docs" / "transformations.md"
FRAMEWORKS = ["NumPy", "PyTorch", "JAX"]


def table(page: str) -> dict[str, list[str]]:
    """The cells of the first table, by the transformation that its line begins with."""
    lines = page.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| transformation "))
    assert [c.strip() for c in lines[start].strip("|").split("|")][1:] == FRAMEWORKS
    made = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = (c.strip() for c in line.strip().strip("|").split("|"))
        made[name] = cells
    return made


def wrong(page: str) -> list[str]:
    """What is wrong with the table, one sentence each."""
    found = []
    for name, cells in table(page).items():
        if len(cells) != len(FRAMEWORKS):
            found.append(f"{name}: {len(cells)} cells")
        for framework, cell in zip(FRAMEWORKS, cells, strict=False):
            if not named(cell) and not re.fullmatch(r"— \w.*", cell):
                found.append(f"{name}, {framework}: neither a test nor a reason")
            found += [f"{name}, {framework}: there is no test {one}" for one in absent(cell)]
    return found


def test_every_cell_names_tests_that_exist_or_a_reason() -> None:
    page = PAGE.read_text()
    assert wrong(page) == []
    assert len(table(page)) >= 16


def test_a_wrong_name_and_an_empty_cell_are_found() -> None:
    page = PAGE.read_text()
    name = "test_transformations.py#test_vmap)"
    assert name in page
    renamed = page.replace(name, "test_transformations.py#test_vmapp)")
    assert wrong(renamed) == [
        "vectorised map, PyTorch: there is no test tests/torch/test_transformations.py#test_vmapp"
    ]
    moved = page.replace("(../tests/torch/test_learned.py#", "(../tests/test_learned.py#")
    assert len(wrong(moved)) == 4
    no_reason = re.sub(r"\| — [^|]*\|", "| — |", page, count=1)
    assert len(wrong(no_reason)) == 1
    assert len(wrong(re.sub(r"\| — [^|]*\|", "|  |", page, count=1))) == 1
