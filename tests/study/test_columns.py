"""Roles of columns, and the finite matrix that they become."""

from __future__ import annotations

import decimal
import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from ogive.errors import BadData
from ogive.study.columns import (
    BOUND,
    FAR,
    MISSING,
    MOST_CODED,
    TRUSTED,
    Columns,
    counters,
    decide,
    prepare,
    preprocessor,
)

N = 60


def _decide(**columns: Any) -> Columns:
    return decide(pd.DataFrame({**columns, "other": np.arange(N) % 7 + 0.5}))


def _role(values: Any) -> str:
    (column,) = [c for c in _decide(c=values).used if c.name == "c"]
    return column.role


def _cycle(*values: Any, dtype: Any = None) -> pd.Series:
    return pd.Series([values[i % len(values)] for i in range(N)], dtype=dtype)


def _fit(frame: pd.DataFrame) -> tuple[Columns, Any, np.ndarray]:
    columns = decide(frame)
    prepared = prepare(frame, columns)
    fitted = preprocessor(columns).fit(prepared)
    return columns, fitted, fitted.transform(prepared)


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (_cycle(1, 2, 5), "number"),
        (_cycle(1.5, None), "number"),
        (_cycle(True, False), "number"),
        (_cycle(True, False, None), "number"),
        (_cycle(1, 2, None, dtype="Int64"), "number"),
        (_cycle(True, None, False, dtype="boolean"), "number"),
        (_cycle("1", " 2.5", "-3e4"), "number"),
        (_cycle("1", "", "nan", "4"), "number"),
        (_cycle(decimal.Decimal("1.5"), decimal.Decimal(2)), "number"),
        (_cycle(10**30, 7, dtype=object), "number"),
        (_cycle("a", "b", None), "category"),
        (_cycle("yes", "no"), "category"),
        (_cycle("1", "b", 2.5, dtype=object), "category"),
        (_cycle("1_000", "2_000"), "category"),
        (_cycle(1, 2, 3, dtype="category"), "category"),
        (_cycle("v1.10.2", "v1.2.3"), "category"),
        (_cycle("1.10.2", "1.2.30"), "category"),
        (_cycle(*[f"level {i}" for i in range(20)]), "category"),
        (_cycle((1, 2), [3], dtype=object), "category"),
    ],
)
def test_roles(values: pd.Series, role: str) -> None:
    assert _role(values) == role


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.date_range("2024-01-01", periods=N)),
        pd.Series(pd.date_range("2024-01-01", periods=N, tz="UTC")),
        pd.Series(pd.period_range("2024-01", periods=N, freq="M")),
        pd.Series(pd.timedelta_range("1h", periods=N)),
        _cycle(date(2024, 1, 1), date(2024, 2, 1), None),
        _cycle("2024-01-01", "2024-12-31", None),
        _cycle("2024-01-01T10:20:30Z", "2024-01-02 10:20"),
        _cycle("31.12.2024", "1.2.2023"),
        _cycle("12/31/24", "1/2/23"),
        _cycle("3 Jan 2024", "14 February 2023"),
        _cycle("Jan 3, 2024", "March 14, 2023"),
    ],
)
def test_dates_are_refused(values: pd.Series) -> None:
    with pytest.raises(
        BadData, match=r"'c' holds dates; turn it into .*, or drop it with --drop c"
    ):
        _decide(c=values)


def test_free_text_and_identifiers_are_refused() -> None:
    ids = [f"id-{i}" for i in range(N)]
    with pytest.raises(BadData, match=r"'c' holds 60 different texts .free text or.*--drop c"):
        _decide(c=ids)
    frame = pd.DataFrame({"c": [f"town {i % 201}" for i in range(900)], "x": np.arange(900) % 9})
    with pytest.raises(BadData, match="'c' holds 201 different texts"):
        decide(frame)
    assert len(decide(frame.assign(c=[f"t{i % 200}" for i in range(900)])).used[0].levels) == 200


def test_all_refused_columns_are_named_at_once() -> None:
    frame = {"id": [f"n{i}" for i in range(N)], "day": pd.date_range("2024-01-01", periods=N)}
    with pytest.raises(BadData, match=r"'id' holds.* and the column 'day' .*--drop id --drop day"):
        _decide(**frame)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, "inf"])
def test_infinities_are_refused(bad: Any) -> None:
    values = pd.Series([1.0] * (N - 3) + [2.0, bad, bad], dtype=object if bad == "inf" else float)
    with pytest.raises(BadData, match="the column 'c' holds 2 infinite values; replace"):
        _decide(c=values)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(BadData, match="'c' holds complex numbers; give real and imaginary"):
        _decide(c=np.arange(N) * 1j)


def _refusal(**columns: Any) -> str:
    with pytest.raises(BadData) as caught:
        _decide(**columns)
    return str(caught.value)


def test_refused_columns_are_grouped_by_reason_and_options_quoted() -> None:
    days = pd.date_range("2024-01-01", periods=N)
    ids = [f"n{i}" for i in range(N)]
    assert _refusal(**{"a b": days, "c": ids, "it's": days, "d": ids}) == (
        """the columns 'a b' and "it's" hold dates and the columns 'c' and 'd' hold many """
        "different texts (free text or identifiers); turn them into numbers or few categories, "
        """or drop them with --drop 'a b' --drop c --drop 'it'"'"'s' --drop d"""
    )


def test_mostly_numbers_are_refused_with_the_texts_that_are_none() -> None:
    values = [str(i) for i in range(N)]
    assert _refusal(age=["?"] * 6 + values[6:]) == (
        "the column 'age' holds '?' in 6 of 60 values and numbers elsewhere; leave those empty, "
        "write numbers, or drop it with --drop age"
    )
    gaps = [*(["NA"] * 20), "?", "-", *values[22:]]  # words for gaps do not count as texts
    assert "holds '?' and '-' in 2 of 40 values and numbers elsewhere" in _refusal(age=gaps)
    many = [f"A{i}" for i in range(8)] + values[8:]
    assert "'A0', 'A1', 'A2' and 5 other texts in 8 of 60 values" in _refusal(age=many)
    assert _role(["?"] * 13 + [str(i % 5) for i in range(N - 13)]) == "category"  # 78% numbers
    assert _role(pd.Categorical(["?"] * 6 + [str(i % 5) for i in range(N - 6)])) == "category"


def test_numbers_in_local_dress_are_refused_in_one_sentence() -> None:
    prices, shares = _cycle("$9", "$1,100", "n/a"), _cycle("1,5", "2,25")
    assert _refusal(few=shares) == (
        "the column 'few' holds '1,5', a number written with a decimal comma; write 1.5, or drop "
        "it with --drop few"
    )
    sentence = _refusal(price=prices, share=shares, day=pd.date_range("2024-01-01", periods=N))
    assert sentence == (
        "the column 'price' holds '$1,100', a number written with thousands separators and a "
        "currency sign, the column 'share' holds '1,5', a number written with a decimal comma and "
        "the column 'day' holds dates; write 1100 and 1.5, turn the others into numbers or few "
        "categories, or drop them with --drop price --drop share --drop day"
    )
    assert "'1,200', a number written with thousands sep" in _refusal(c=_cycle("950", "1,200"))
    assert "'0,5', a number written with a decimal comma" in _refusal(c=_cycle("1,200", "0,5"))
    assert _role(_cycle("1,5 m", "2,5 m")) == "category"


@pytest.mark.parametrize("word", ["NA", "n/a", "None", "NULL", "#N/A", "<NA>", "-NaN"])
def test_words_for_gaps_are_gaps_among_numbers_only(word: str) -> None:
    columns, _, _ = _fit(pd.DataFrame({"n": _cycle("1", word, "2"), "c": _cycle("a", f" {word}")}))
    assert [(c.role, c.gaps) for c in columns.used] == [("number", True), ("category", False)]
    assert columns.used[1].levels == tuple(sorted(["a", word]))
    new = prepare(pd.DataFrame({"n": [word], "c": [word]}), columns)  # the role decides
    assert np.isnan(new["n"][0])
    assert new["c"].tolist() == [word]
    truths = _decide(c=_cycle("TRUE", "FALSE", word))
    assert truths.used[0].role == "number"
    assert prepare(pd.DataFrame({"c": ["true"], "other": [1]}), truths)["c"].tolist() == [1.0]


def test_columns_of_words_alone_have_no_values() -> None:
    assert dict(_decide(c=_cycle("NA", "n/a", "")).set_aside) == {"c": "no values"}


def test_levels_and_names_lose_outer_spaces() -> None:
    columns = _decide(c=_cycle(" a", "a ", "b"))
    assert columns.used[0].levels == ("a", "b")
    made = prepare(pd.DataFrame({" c ": [" b "], "other ": [1]}), columns)
    assert made["c"].tolist() == ["b"]


def test_no_rows_are_prepared_as_no_rows() -> None:
    columns, _, _ = _fit(pd.DataFrame({"n": _cycle(1, 2), "c": _cycle("a", "b")}))
    made = prepare(pd.DataFrame({"n": _cycle(1, 2), "c": _cycle("a", "b")})[:0], columns)
    assert made.shape == (0, 2)
    assert prepare(pd.DataFrame({"n": [], "c": []}), columns).shape == (0, 2)


def test_objects_of_every_kind_are_levels() -> None:
    cut = pd.cut(np.arange(N) % 9, 3)
    for values in (cut, pd.Series(cut).astype("interval"), _cycle({1: 2}, [3]), _cycle(b"x", b"y"),
                   _cycle(1j, "a")):  # fmt: skip
        assert _role(pd.Series(values)) == "category"
    assert _role(pd.Series(pd.arrays.SparseArray(_cycle(1.0, 0.0, np.nan)))) == "number"


def test_columns_without_information_are_set_aside_with_a_note() -> None:
    columns = _decide(same=[3] * N, one=["x"] * N, void=[None] * N, blank=[""] * N)
    assert columns.names == ["other"]
    assert dict(columns.set_aside) == {
        "same": "one value only",
        "one": "one value only",
        "void": "no values",
        "blank": "no values",
    }
    assert columns.notes[0] == "Columns set aside: 'same', 'one' (one value only)."
    assert columns.given == ("same", "one", "void", "blank", "other")


def test_one_value_with_gaps_is_information() -> None:
    columns, _, matrix = _fit(pd.DataFrame({"a": _cycle(2.0, None), "b": _cycle("x", None, "x")}))
    assert [(c.role, c.gaps) for c in columns.used] == [("number", True), ("category", True)]
    assert matrix[:6].tolist() == [
        [0, 0, 0, 1],  # 2.0, no gap | not missing, x
        [0, 1, 1, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 1],
        [0, 0, 1, 0],
        [0, 1, 0, 1],
    ]


def test_no_usable_column_remains() -> None:
    with pytest.raises(BadData, match=r"no usable column remains \('a': one value only\)"):
        decide(pd.DataFrame({"a": [1] * N}))


def test_row_counters() -> None:
    shuffled = np.random.default_rng(0).permutation(N)
    frame = pd.DataFrame(
        {
            "from 0": np.arange(N), "from 5": np.arange(N) + 5, "down": -np.arange(N),
            "shuffled": shuffled, "floats": np.arange(N) * 1.0, "gap": [*range(N - 1), N],
            "twice": np.arange(N) // 2, "id": pd.Series(np.arange(N), dtype="Int64"),
        }
    )  # fmt: skip
    assert counters(frame) == ["from 0", "from 5", "down", "shuffled", "id"]
    columns = decide(frame, counters(frame))
    assert columns.names == ["floats", "gap", "twice"]
    assert columns.notes == (
        "Columns set aside: 'from 0', 'from 5', 'down', 'shuffled', 'id' (only counts the rows).",
    )


def test_record_survives_json() -> None:
    columns = _decide(c=_cycle("b", "a", None), d=[1] * N, e=_cycle(1.0, None))
    assert Columns.from_dict(json.loads(json.dumps(columns.to_dict()))) == columns
    assert columns.used[0].levels == ("a", "b")


def test_prepare_brings_new_rows_to_the_training_columns() -> None:
    columns = _decide(n=_cycle(1, 2), c=_cycle("a", "b"), code=_cycle(1, 2, dtype="category"))
    new = pd.DataFrame(
        {"extra": [1, 2, 3], "other": ["1", "", "2"], "code": [1.0, None, 3.0],
         "c": [None, "zz", "b"], "n": [True, False, True]}
    )  # fmt: skip
    made = prepare(new, columns)
    assert list(made.columns) == ["n", "c", "code", "other"]
    assert made["n"].tolist() == [1.0, 0.0, 1.0]
    assert made["c"].tolist() == [MISSING, "zz", "b"]
    assert made["code"].tolist() == ["1", MISSING, "3"]  # 1.0 is the level "1"
    assert made["other"].isna().tolist() == [False, True, False]
    assert [str(t) for t in made.dtypes] == ["float64", "object", "object", "float64"]
    assert prepare(made, columns).equals(made)


def test_prepare_refuses_what_does_not_fit() -> None:
    columns = _decide(n=_cycle(1, 2))
    other = {"other": [1.0, 2.0]}
    with pytest.raises(BadData, match="the column 'n' is missing; give the columns n, other"):
        prepare(pd.DataFrame(other), columns)
    with pytest.raises(BadData, match="'n' holds 'tall' where numbers are expected; write a num"):
        prepare(pd.DataFrame({"n": ["1", "tall"], **other}), columns)
    with pytest.raises(BadData, match=r"'n' holds '1,5' where numbers are expected; write 1\.5 or"):
        prepare(pd.DataFrame({"n": ["1", "1,5"], **other}), columns)
    with pytest.raises(BadData, match=r"'n' holds '2024-01-01.*' where numbers are expected"):
        prepare(pd.DataFrame({"n": pd.to_datetime(["2024-01-01"] * 2), **other}), columns)
    with pytest.raises(BadData, match="'n' holds 1 infinite value; replace"):
        prepare(pd.DataFrame({"n": [1, np.inf], **other}), columns)


def test_numbers_are_standardised_with_the_median_for_gaps() -> None:
    x = np.array([1.0, 2.0, 9.0, np.nan] * 15)
    _, _, matrix = _fit(pd.DataFrame({"x": x}))
    filled = np.where(np.isnan(x), 2.0, x)
    assert matrix[:, 0] == pytest.approx((filled - filled.mean()) / filled.std())
    assert np.array_equal(matrix[:, 1], np.isnan(x))
    assert matrix.dtype == np.float64


def test_statistics_come_from_the_training_rows_only() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": random.normal(size=N), "g": _cycle(1.0, None, 4.0), "c": _cycle("a", "b", None)}
    )
    columns = decide(frame)
    train, test = np.arange(40), np.arange(40, N)
    before = prepare(frame, columns)
    after = before.copy()
    after.loc[test, "x"] = 1e6
    after.loc[test, "g"] = np.nan
    after.loc[test, "c"] = "new"
    a, b = (preprocessor(columns).fit(f.iloc[train]) for f in (before, after))
    assert np.array_equal(a.transform(before), b.transform(before))
    assert not np.array_equal(a.transform(before), b.transform(after))


def test_new_gaps_and_unseen_levels() -> None:
    columns, fitted, _ = _fit(pd.DataFrame({"x": _cycle(1.0, 3.0, 5.0), "c": _cycle("a", "b")}))
    new = prepare(pd.DataFrame({"x": [None, 3.0], "c": [None, "zz"]}), columns)
    assert fitted.transform(new) == pytest.approx(np.zeros((2, 3)), abs=1e-15)


def test_what_is_constant_or_missing_in_training_rows_is_zero() -> None:
    frame = pd.DataFrame(
        {"big": [1.7e18 + 0.1] * 30 + [5.0] * 30, "void": [np.nan] * 30 + [2.0] * 30,
         "x": _cycle(1, 2, 3)}
    )  # fmt: skip
    columns = decide(frame)
    prepared = prepare(frame, columns)
    fitted = preprocessor(columns).fit(prepared.iloc[:30])
    assert np.all(fitted.transform(prepared.iloc[:30])[:, :2] == 0)
    assert np.isfinite(fitted.transform(prepared)).all()


def test_a_large_constant_centres_to_zero_exactly() -> None:
    # Its mean over 175 rows is not itself in float64; the plain difference would be 3e10.
    frame = pd.DataFrame({"x": [1.0408384736475001e26] * 175 + [0.0], "z": np.arange(176) % 5})
    columns = decide(frame)
    train = prepare(frame, columns).iloc[:175]
    assert np.all(preprocessor(columns).fit_transform(train)[:, 0] == 0)


def test_many_levels_share_the_last_code() -> None:
    values = [f"l{i % 120}" for i in range(600)]
    _, _, matrix = _fit(pd.DataFrame({"c": values}))
    assert matrix.shape == (600, MOST_CODED)
    assert np.all(matrix.sum(1) == 1)


_extreme = st.one_of(
    st.floats(allow_nan=True, allow_infinity=False),
    st.sampled_from([1e300, -1e300, 1e-300, 5e-324, 0.0, 1.7976931348623157e308, 1e18]),
)


@given(
    train=st.lists(_extreme, min_size=3, max_size=30),
    new=st.lists(_extreme, min_size=1, max_size=10),
)
@settings(max_examples=150, deadline=None)
def test_the_matrix_is_always_finite_and_silent(train: list[float], new: list[float]) -> None:
    frame = pd.DataFrame({"x": train, "other": np.arange(len(train)) * 1.5})
    columns = decide(frame)
    fitted = preprocessor(columns).fit(prepare(frame, columns))
    rows = prepare(pd.DataFrame({"x": new, "other": [3.0] * len(new)}), columns)
    for matrix in (fitted.transform(prepare(frame, columns)), fitted.transform(rows)):
        assert np.isfinite(matrix).all()
        assert np.abs(matrix).max() <= FAR
        assert np.isfinite(matrix.astype(np.float32)).all()


def test_huge_values_keep_their_order_below_the_bound() -> None:
    x = np.linspace(-1, 1, N) * BOUND
    _, _, matrix = _fit(pd.DataFrame({"x": x}))
    assert matrix[:, 0] == pytest.approx((x / BOUND) / np.std(x / BOUND))


def test_skops_saves_it_and_trusts_a_fixed_list() -> None:
    frame = pd.DataFrame(
        {"x": _cycle(1.0, None, 4.0), "c": _cycle("a", "b", None), "b": _cycle(True, False)}
    )
    columns, fitted, matrix = _fit(frame)
    data = skops.io.dumps(fitted)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(TRUSTED)
    again = skops.io.loads(data, trusted=TRUSTED)
    assert np.array_equal(again.transform(prepare(frame, columns)), matrix)
