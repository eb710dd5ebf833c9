"""The store: what goes in comes out, whole units only, and foreign stores are refused."""

import sqlite3
from dataclasses import replace

import pytest

from ogive.errors import BadStore
from ogive.study.plan import BASELINE
from ogive.study.store import Store, read_study
from ogive.study.verdict import verdict
from studies import make_study


def begun(path, study):
    store = Store(path)
    store.begin(study.request, study.plan, study.about, study.functions, study.versions)
    return store


def fill(store, study, units):
    for unit in units:
        runs = [r for r in study.runs if r.label == unit.label and r.split in unit.splits]
        store.add(unit, runs, study.seconds[unit.id])


@pytest.fixture
def study():
    return make_study({"relu": 0.9, "tanh": 0.8}, splits=10)


def test_a_study_comes_back_as_it_went_in(tmp_path, study):
    path = tmp_path / "a.sqlite"
    store = begun(path, study)
    fill(store, study, study.plan.units())
    store.close()
    back = read_study(path)
    assert back.finished
    assert back.plan == study.plan
    assert sorted(back.runs, key=repr) == sorted(study.runs, key=repr)
    assert back.functions == study.functions
    assert list(tmp_path.iterdir()) == [path]  # no journal is left beside it


def test_costs_are_kept_with_the_study_that_measured_first(tmp_path):
    first, later = (
        make_study({"relu": 0.9, "tanh": 0.9}, nanoseconds={"relu": time, "tanh": 2.0})
        for time in (1.0, 3.0)
    )
    path = tmp_path / "a.sqlite"
    store = begun(path, first)
    store.begin(later.request, later.plan, later.about, later.functions, later.versions)
    fill(store, first, first.plan.units())
    store.close()
    assert read_study(path).functions == first.functions
    assert verdict(read_study(path)).recommended == verdict(first).recommended == "relu"


def test_a_unit_counts_once_however_often_it_arrives(tmp_path, study):
    store = begun(tmp_path / "a.sqlite", study)
    unit = study.plan.units()[0]
    fill(store, study, [unit])
    fill(store, study, [unit])
    assert store.done() == {unit.id}
    assert len(store.study().runs) == len(
        [r for r in study.runs if r.label == unit.label and r.split in unit.splits]
    )
    store.close()


def test_a_unit_that_fails_to_store_leaves_nothing_behind(tmp_path, study):
    store = begun(tmp_path / "a.sqlite", study)
    unit = study.plan.units()[0]
    run = next(r for r in study.runs if r.label == unit.label)
    with pytest.raises(BadStore, match="cannot be used"):
        store.add(unit, [run, run], 1.0)  # the same run twice breaks the primary key
    assert store.done() == set()
    assert store.study().runs == ()
    store.close()


def test_others_may_read_while_a_study_is_written(tmp_path, study):
    path = tmp_path / "a.sqlite"
    store = begun(path, study)
    units = study.plan.units()
    fill(store, study, units[:1])
    half = read_study(path)
    assert not half.finished
    assert len(half.seconds) == 1
    fill(store, study, units[1:])
    store.close()
    assert read_study(path).finished


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": 7}, "--seeds was 10 there and is 7 here"),
        ({"candidates": "relu, elu"}, "--candidates was relu, tanh there"),
        ({"fingerprint": "other", "seeds": 7}, "--seeds was 10 there"),
        ({"target": "height"}, "target was null there and is height here"),
    ],
)
def test_a_store_of_another_study_is_refused_with_the_difference(tmp_path, study, change, named):
    store = begun(tmp_path / "a.sqlite", study)
    store.check_same(study.request)
    with pytest.raises(BadStore, match="different study") as refused:
        store.check_same({**study.request, **change})
    assert named in str(refused.value)
    store.close()


def test_data_that_have_changed_are_said_to_have(tmp_path, study):
    store = begun(tmp_path / "a.sqlite", study)
    with pytest.raises(BadStore, match=r"data have changed since the study in .* began"):
        store.check_same({**study.request, "fingerprint": "other"})
    store.close()


def test_an_unfinished_study_is_not_gone_on_with_by_other_versions(tmp_path, study):
    store = begun(tmp_path / "a.sqlite", study)
    store.check_versions({**study.versions})
    with pytest.raises(BadStore, match=r"begun with torch 2\.13, and this is 9\.0"):
        store.check_versions({**study.versions, "torch": "9.0"})
    store.close()


def test_a_refused_study_leaves_no_file(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    assert store.empty
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_two_drivers_may_begin_the_same_study(tmp_path, study):
    one, two = (Store(tmp_path / "a.sqlite") for _ in range(2))
    for store in (one, two):
        store.begin(study.request, study.plan, study.about, study.functions, study.versions)
        store.check_same(study.request)
        fill(store, study, study.plan.units())
        store.close()
    assert read_study(tmp_path / "a.sqlite").finished


def test_files_are_kept_beside_the_runs(tmp_path, study):
    store = begun(tmp_path / "a.sqlite", study)
    assert store.file("weights") is None
    store.keep_file("weights", b"\x00\x01")
    store.keep_file("weights", b"\x02")
    assert store.file("weights") == b"\x02"
    store.close()


def test_stores_that_cannot_be_used_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "text.sqlite").write_text("this is no database, only words " * 50)
    for path, reason in [
        (tmp_path / "text.sqlite", "not a database"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "a.sqlite", "does not exist"),
    ]:
        with pytest.raises(BadStore, match=reason):
            Store(path)
    with pytest.raises(BadStore, match="there is no store"):
        read_study(tmp_path / "none.sqlite")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE birds (name TEXT)")
    other.close()
    with pytest.raises(BadStore, match="cannot be used"):
        read_study(tmp_path / "other.sqlite")
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(BadStore, match="holds no study yet"):
        read_study(tmp_path / "empty.sqlite")


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, study):
    path = tmp_path / "a.sqlite"
    store = begun(path, study)
    units = study.plan.units()
    fill(store, study, units[:1])
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")  # what a full disk looks like to SQLite
    with pytest.raises(BadStore, match=r"full.*free some space"):
        fill(store, study, units[1:])
    store.close()
    assert len(read_study(path).seconds) >= 1


def test_a_store_of_another_format_is_refused(tmp_path, study):
    path = tmp_path / "a.sqlite"
    begun(path, study).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE study SET value = '\"99\"' WHERE key = 'format'")
    db.close()
    with pytest.raises(BadStore, match="written in format 99"):
        Store(path)


def test_units_cover_every_candidate_and_split_once(study):
    plan = replace(study.plan, splits=23, splits_a_unit=10)
    covered = [(u.label, s) for u in plan.units() for s in u.splits]
    assert len(covered) == len(set(covered)) == 3 * 23
    assert {label for label, _ in covered} == {"relu", "tanh", BASELINE}
    assert len({u.id for u in plan.units()}) == len(plan.units())
