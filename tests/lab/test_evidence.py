"""The tour's numbers beside those of the texts, and how claims are judged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ogive.errors import OgiveError
from ogive.lab import first_text, second_text
from ogive.lab.evidence import (
    FAILS,
    HOLDS,
    OPEN,
    Estimate,
    Number,
    last_place,
    outcome,
    paired,
)

CHAPTERS = {c.key: c for c in (*first_text.chapters(), *second_text.chapters())}
# What the two texts print, and what sets them right, by chapter.
PRINTED = {
    "S1": "100 9.8",
    "S2": "0.5",
    "S3": "0 1",
    "S4": "0.25 2.06e-9",
    "S5": "0.099 0.093 0.046 0.53 0.62 0.52 0.105 3.9e-5",
    "S6": "0.0106",
    "S7": "0",
    "S8": "0.3989 0.1605 0",
    "S9": "-0.5 -1 -2",
    "S10": "1",
    "C1": "2.07 0.888 0.8879529614",
    "C2": "0.25",
    "C3": "1.78 0.76 1.65 0.85569687 0.68135373 0.83889105 0 2.376",
    "C4": "0.44668973 0.16107406 0.39223621 1 0 710 89",
    "C5": "3.4e-16",
    "C6": "1.0 1.699e-17 7.715e-22 16.6 -88.7 9",
    "C7": "2000 4.995",
    "C8": "7",
}


def test_the_chapters_are_those_of_the_texts() -> None:
    assert list(CHAPTERS) == [*(f"S{i}" for i in range(1, 11)), *(f"C{i}" for i in range(1, 9))]


@pytest.mark.parametrize("key", CHAPTERS)
def test_every_number_is_equal_to_the_printed_one(key: str) -> None:
    numbers = CHAPTERS[key].numbers
    assert [f"{n.what}: {n.value!r}" for n in numbers if not n.holds] == []
    assert set(PRINTED[key].split()) <= {n.text for n in numbers}


@pytest.mark.parametrize("key", CHAPTERS)
def test_a_changed_value_is_found(key: str) -> None:
    for n in CHAPTERS[key].numbers:
        moved = n.value + 1.01 * last_place(n.text) if not n.at_most else 2 * float(n.text)
        assert not Number(n.what, n.text, moved, n.source, n.at_most).holds, n.what


def test_the_errata_stand_where_the_texts_err() -> None:
    assert [key for key, c in CHAPTERS.items() if c.errata] == [
        "S1", "S2", "S5", "S10", "C4", "C6", "C8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"), [("2.07", 0.01), ("2.06e-9", 1e-11), ("100", 1.0), ("-88.7", 0.1)]
)
def test_the_last_place_of_a_printed_number(text: str, place: float) -> None:
    assert last_place(text) == pytest.approx(place)


def test_a_loop_and_a_call_are_timed_on_the_same_numbers() -> None:
    gained = first_text.gained(
        lambda x: first_text.elu_loop(x, 1.0), lambda x: np.where(x > 0, x, np.expm1(x)), 2000
    )
    assert gained.size == 2000
    assert gained.ratio > 1


def test_an_estimate_is_students_interval() -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0])
    found = Estimate.of("x", values)
    want = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(want)
    with pytest.raises(OgiveError, match="1 seed gives no interval"):
        Estimate.of("x", [1.0])


def test_a_claim_holds_only_where_the_interval_is_off_0() -> None:
    below, above, both = (
        Estimate("d", *ends, 5) for ends in ((-2.0, -3, -1), (2.0, 1, 3), (0.5, -1, 2))
    )
    assert [outcome(d, "below 0") for d in (below, above, both)] == [HOLDS, FAILS, OPEN]
    assert [outcome(d, "above 0") for d in (below, above, both)] == [FAILS, HOLDS, OPEN]


def test_differences_are_paired_by_seed() -> None:
    shared = np.array([0.0, 100.0, -100.0, 30.0])  # what the seeds have in common cancels
    values = {"a": shared + np.array([1, 1.1, 0.9, 1]), "b": shared}
    claim = paired("a is larger", "unit", values, "a", "above 0", "")
    assert claim.outcomes == (HOLDS,)
    assert claim.differences[0].mean == pytest.approx(1)
    assert claim.estimates[0].high - claim.estimates[0].low > 100
