"""docs/seeds.md: every row of the two source texts names tests that exist."""

from __future__ import annotations

from named_tests import ROOT, absent, named

PAGE = ROOT / "docs" / "seeds.md"
ROWS = [*(f"S{i}" for i in range(1, 12)), *(f"C{i}" for i in range(1, 9))]


def wrong(page: str) -> list[str]:
    """What is wrong with the table, one sentence each."""
    lines = [line for line in page.splitlines() if line.startswith(("| S", "| C"))]
    found = [f"there is no test {one}" for one in absent(page)]
    rows = [line.split("|")[1].strip() for line in lines]
    if rows != ROWS:
        found.append(f"the rows are {rows}")
    return found + [f"{row} names no test" for row, line in zip(rows, lines, strict=True)
                    if not named(line)]  # fmt: skip


def test_every_row_names_tests_that_exist() -> None:
    assert wrong(PAGE.read_text()) == []


def test_a_wrong_name_a_missing_row_and_an_empty_cell_are_found() -> None:
    page = PAGE.read_text()
    renamed = page.replace("#test_c1_the_logistic_unit", "#test_c1_the_logistic_unitt")
    assert wrong(renamed) == [
        "there is no test tests/functions/test_seeds.py#test_c1_the_logistic_unitt"
    ]
    lines = page.splitlines()
    s6 = next(i for i, line in enumerate(lines) if line.startswith("| S6 "))
    assert wrong("\n".join(lines[:s6] + lines[s6 + 1 :]))[0].startswith("the rows are")
    lines[s6] = "| S6 | softplus | none |"
    assert wrong("\n".join(lines)) == ["S6 names no test"]
