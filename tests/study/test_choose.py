"""`ogive.choose` end to end on small data: results, resuming, refusing, taking home."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import ogive
import torch
from ogive.errors import BadStore, BadStudy, Interrupted, OgiveError, UnknownName
from ogive.functions import Definition, Facts, Source
from ogive.functions.timing import Cost
from ogive.numerics.elementary import exp
from ogive.study import choice as choice_module
from ogive.study import choose as choosing
from ogive.study.store import read_study
from ogive.study.verdict import verdict

SMALL = {"candidates": "relu,tanh", "seeds": 5, "width": 8, "rates": (3e-3, 3e-2)}


def table(rows=120, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": random.standard_normal(rows),
            "weight": random.standard_normal(rows) * 40 + 100,
            "colour": random.choice(["red", "green", "blue"], rows),
        }
    )
    score = frame["size"] * (frame["weight"] - 100) / 40 + (frame["colour"] == "red")
    frame["label"] = np.where(score > 0.3, "yes", "no")
    frame.loc[::9, "weight"] = np.nan
    return frame


def small(data=None, **changes):
    settings = {**SMALL, "target": "label", "engine": "here", **changes}
    return ogive.choose(table() if data is None else data, **settings)


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    return small(store=tmp_path_factory.mktemp("store") / "study.sqlite")


def final(study):
    return sorted((r.label, r.split, r.stage, r.draw, r.rate, r.score) for r in study.runs)


def test_a_choice_holds_the_whole_comparison(choice):
    plan = choice.study.plan
    assert len(choice.study.runs) == plan.runs == 3 * 5 * (1 * 2 + 2)
    assert choice.best in {"relu", "tanh"}
    assert choice.best in choice.ties
    assert choice.diverged == choice.stopped == ()
    frame = choice.table()
    assert len(frame) == 3
    assert choice.sentence in " ".join(str(choice).split())
    document = json.loads(json.dumps(choice.to_dict(), allow_nan=False))
    assert document["recommended"] == choice.best


def test_costs_are_measured_once_and_stored(choice, monkeypatch, tmp_path):
    labels = ("relu", "tanh")
    times = [choice.study.functions[label]["nanoseconds"] for label in labels]
    assert all(min(t["forward"], t["backward"], t["copy"]) > 0 for t in times)
    monkeypatch.setattr(choosing, "measure", lambda *_: pytest.fail("it measured again"))
    again = small(store=choice._store.path)
    assert [again.study.functions[label]["nanoseconds"] for label in labels] == times
    assert again.sentence == choice.sentence
    read = read_study(choice._store.path)
    assert [read.functions[label]["nanoseconds"] for label in labels] == times


@pytest.mark.parametrize("cheap", ["relu", "tanh"])
def test_the_cheapest_by_the_stored_times_is_recommended(choice, monkeypatch, tmp_path, cheap):
    def planted(functions):
        assert not started
        times = [1.0 if function.label == cheap else 2.0 for function in functions]
        return [Cost(f.label, t, t, 0.1) for f, t in zip(functions, times, strict=True)]

    started = []
    carry_out = choosing.carry_out_units
    monkeypatch.setattr(choosing, "measure", planted)
    monkeypatch.setattr(
        choosing, "carry_out_units", lambda *a: (started.append(True), carry_out(*a))
    )
    store = tmp_path / "a.sqlite"
    made = small(store=store, margin=0.9)  # everything is within this margin
    assert started
    assert made.best == cheap
    assert "at 2 ns an element forward and backward." in made.sentence
    assert final(made.study) == final(choice.study)  # measuring disturbs no random draw
    assert made.to_dict()["candidates"][0]["nanoseconds"] in {2.0, 4.0}


def test_final_scores_come_from_fresh_seeds_and_unseen_rows(choice):
    from ogive.study.splits import inner, outer

    task = choice._task
    for split in range(5):
        parts = outer(task, 0, split)
        assert not set(parts.test) & set(parts.development)
        seen = []
        for stage, draws in (("tune", 2), ("final", 3)):
            for draw in range(draws):
                train, valid = inner(task, parts.development, 0, "", split, stage, draw)
                assert not (set(train) | set(valid)) & set(parts.test)
                seen.append(tuple(valid))
        assert len(set(seen)) == 5


def test_the_learning_rate_is_the_best_of_the_tuning_runs(choice):
    for label in ("relu", "tanh"):
        for split in range(5):
            runs = [r for r in choice.study.runs if r.label == label and r.split == split]
            rates = choice.study.plan.rates
            means = {
                rate: np.mean([r.score for r in runs if r.stage == "tune" and r.rate == rate])
                for rate in rates
                if not any(r.cut for r in runs if r.stage == "tune" and r.rate == rate)
            }
            (used,) = {r.rate for r in runs if r.stage == "final"}
            assert means[used] == max(means.values())


def test_without_a_race_every_rate_and_candidate_is_trained_in_full():
    made = small(race=False)
    plan = made.study.plan
    assert (plan.tunings, plan.finals, plan.cuts, plan.looks) == (2, 3, (), ())
    assert len(made.study.runs) == 3 * 5 * (2 * 2 + 3)
    assert not any(r.cut for r in made.study.runs)
    assert "--no-race" not in made.to_dict()["command"]  # data in memory: a call in Python
    assert "race=False" in made.to_dict()["command"]


RACE = {"seeds": 13, "rates": (3e-2,), "width": 4}


def test_an_interrupted_race_decides_as_the_undisturbed_one(tmp_path):
    settings = {**RACE, "candidates": {"tanh": "tanh", "again": "tanh"}}
    rows = table(60)
    whole = small(rows, **settings)
    pieces = len(whole.study.seconds)
    assert whole.verdict.race.splits in {10, 13}
    store = tmp_path / "race.sqlite"

    def stop_after(number):
        def tell(done, total):
            if done >= number:
                raise KeyboardInterrupt

        return tell

    for number in (1, pieces - 1):
        with pytest.raises(Interrupted, match="of at most"):
            small(rows, **settings, store=store, progress=stop_after(number))
    again = small(rows, **settings, store=store)
    assert final(again.study) == final(whole.study)
    assert again.verdict.race == whole.verdict.race
    assert again.ties == whole.ties


def test_a_store_of_an_older_protocol_is_reported_and_not_continued(choice, tmp_path):
    path = tmp_path / "old.sqlite"
    small(store=path, race=False).report(tmp_path / "new.html")
    with sqlite3.connect(path) as db:
        for key in ("plan", "request"):
            (text,) = db.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()
            head = json.loads(text)
            for late in ("race", "looks", "cuts", "allowance", "margin"):
                head.pop(late, None)
            head["protocol"] = "1"
            db.execute("UPDATE study SET value = ? WHERE key = ?", (json.dumps(head), key))
    db.close()
    study = read_study(path)
    assert study.finished
    assert verdict(study).race.end == "splits"
    with pytest.raises(BadStore, match=r"protocol 1.*protocol 2.*not continued.*ogive report"):
        small(store=path, race=False)


def test_the_same_study_is_the_same_whatever_carries_it_out(choice):
    with ThreadPoolExecutor(1) as threads:
        again = small(engine=threads)
    assert final(again.study) == final(choice.study)
    processes = small(engine=None)
    assert final(processes.study) == final(choice.study)


def test_another_seed_is_another_study(choice):
    assert final(small(seed=1).study) != final(choice.study)


def test_a_finished_study_is_not_trained_again(choice, monkeypatch):
    monkeypatch.setattr(choosing, "carry_out_units", lambda *a: pytest.fail("it trained again"))
    again = small(store=choice._store.path)
    assert final(again.study) == final(choice.study)


def test_a_store_of_another_study_is_refused(choice):
    with pytest.raises(BadStore, match=r"--candidates was relu, tanh there and is relu, elu here"):
        small(store=choice._store.path, candidates="relu,elu")
    with pytest.raises(BadStore, match="the data have changed"):
        small(table(seed=1), store=choice._store.path)


def test_paired_candidates_share_their_draws_and_unpaired_do_not():
    same = {"a": "tanh", "b": "tanh"}
    paired, unpaired = (small(candidates=same, paired=p) for p in (True, False))
    assert paired.verdict.standings[1].difference_interval is not None
    scores = {
        c: [
            [r.score for r in study.study.runs if r.label == label and r.stage == "final"]
            for label in "ab"
        ]
        for c, study in (("paired", paired), ("unpaired", unpaired))
    }
    assert scores["paired"][0] == scores["paired"][1]
    assert scores["unpaired"][0] != scores["unpaired"][1]


def test_the_network_to_take_home_predicts_new_rows(choice, tmp_path):
    new = table(rows=60, seed=7)
    right = (choice.predict(new.drop(columns="label")) == new["label"]).mean()
    assert right > 0.6
    odd = new.drop(columns="label").assign(extra=1)
    odd.loc[0, "colour"] = "violet"  # never seen
    odd.loc[1, ["size", "colour"]] = np.nan  # gaps where training had none
    before = choice.predict(odd)
    assert set(before) <= {"yes", "no"}
    assert isinstance(choice.model(), torch.nn.Module)
    folder = choice.save(tmp_path / "net")
    assert sorted(p.name for p in folder.iterdir()) == [
        "network.json",
        "preprocessing.skops",
        "weights.safetensors",
    ]
    loaded = ogive.load(folder)
    np.testing.assert_array_equal(loaded.predict(odd), before)
    np.testing.assert_allclose(loaded.predict_proba(odd).sum(1), 1, rtol=1e-6)
    with pytest.raises(OgiveError, match="size"):
        loaded.predict(new.drop(columns="size"))


def test_the_trained_network_is_kept_in_the_store(choice, monkeypatch):
    first = choice.take_home().predict_proba(table())
    monkeypatch.setattr(choice_module, "fit", lambda *a: pytest.fail("it trained again"))
    again = small(store=choice._store.path)
    np.testing.assert_array_equal(again.take_home().predict_proba(table()), first)


def test_a_damaged_or_absent_network_is_refused(choice, tmp_path):
    with pytest.raises(OgiveError, match="holds no saved network"):
        ogive.load(tmp_path)
    folder = choice.save(tmp_path / "net")
    (folder / "weights.safetensors").write_bytes(b"broken")
    with pytest.raises(OgiveError, match="is damaged"):
        ogive.load(folder)


@pytest.mark.parametrize(
    ("target", "kind", "unit"),
    [("regression", "regression", "identity"), ("positive", "positive", "softplus")],
)
def test_numbers_are_predicted_too(target, kind, unit):
    frame = table().drop(columns="label")
    random = np.random.default_rng(0)
    frame["y"] = frame["size"] ** 2 * 100 + random.random(len(frame)) + (kind == "positive")
    if kind == "regression":
        frame["y"] -= 500
    made = small(frame, target="y")
    assert made.study.about["kind"] == kind
    assert made.study.about["output_unit"] == unit
    assert made.verdict.metric == "r2"
    predicted = made.predict(frame.drop(columns="y"))
    assert np.corrcoef(predicted, frame["y"])[0, 1] > 0.5
    if kind == "positive":
        assert (predicted >= 0).all()


def test_arrays_and_their_predictions():
    random = np.random.default_rng(0)
    x = random.standard_normal((100, 3))
    y = (x[:, 0] > 0).astype(int)
    made = small((x, y), target=None)
    assert (made.predict(x) == y).mean() > 0.8
    assert (made.predict(torch.from_numpy(x)) == made.predict(x)).all()
    with pytest.raises(OgiveError, match="x2"):
        made.predict(x[:, :2])


def exploding():
    return Definition(
        name="exploding",
        formula="exp(x^4)",
        value=lambda x: exp(x * x * x * x),
        slope=lambda x: 4 * x * x * x * exp(x * x * x * x),
        facts=lambda: Facts((1.0, float("inf")), (float("inf"), float("inf")), float("inf")),
        source=Source("a test"),
    )()


def test_a_candidate_that_diverges_is_reported_not_dropped():
    made = small(candidates=["relu", exploding()])
    assert made.diverged == ("exploding",)
    assert made.best == "relu"
    assert "exploding" in str(made)
    assert any("exploding" in remark for remark in made.remarks)
    alone = small(candidates=[exploding()])
    assert alone.best is None
    with pytest.raises(OgiveError, match="no network to take home"):
        alone.model()


@pytest.mark.slow
def test_fixed_test_rows_groups_and_time():
    frame = table(200)
    frame["who"] = np.arange(200) // 8
    frame["day"] = np.arange(200)[::-1]
    for settings in ({"group": "who", "drop": ["day"]}, {"time": "day", "drop": ["who"]}):
        made = small(frame, **settings)
        assert made.best in {"relu", "tanh"}
    assert made.study.about["test_rows"] == 40
    rows = table(60, seed=3)
    made = small(table(200), test_file=rows)
    assert made.study.about["test_rows"] == 60
    assert all(len(r.resampled) == 200 for r in made.study.runs if r.stage == "final")


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"candidates": "relu,rleu"}, UnknownName, "relu"),
        ({"candidates": "relu,softmax"}, UnknownName, "axis"),
        ({"candidates": "relu,relu"}, BadStudy, "named twice"),
        ({"candidates": ""}, BadStudy, "0 candidates"),
        ({"candidates": ["linear model"]}, UnknownName, "linear model"),
        ({"seeds": 0}, BadStudy, "seeds is 0; give a whole number from 5 to 200"),
        ({"seeds": 10**9}, BadStudy, "seeds is 1000000000"),
        ({"seeds": None, "budget": "-3m"}, BadStudy, "'-3m' is no usable time"),
        ({"seeds": None, "budget": "nan"}, BadStudy, "no usable time"),
        ({"seeds": None, "budget": "1e99h"}, BadStudy, "no usable time"),
        ({"seeds": None, "budget": "0.01s"}, BadStudy, "too short: the smallest honest study"),
        ({"budget": "5m"}, BadStudy, "give one"),
        ({"depth": 0}, BadStudy, "depth is 0"),
        ({"width": 10**7}, BadStudy, "width is 10000000"),
        ({"rates": []}, BadStudy, "learning rates"),
        ({"rates": [0.1, -1]}, BadStudy, "learning rates"),
        ({"margin": -1}, BadStudy, "margin is -1"),
        ({"margin": "big"}, BadStudy, "margin is 'big'"),
        ({"candidates": 3}, BadStudy, "the candidates are 3"),
        ({"seeds": "5"}, BadStudy, "seeds is '5'; give a whole number"),
        ({"engine": "fastest"}, BadStudy, "engine 'fastest' is not known"),
    ],
)
def test_settings_that_cannot_be_carried_out_are_refused(settings, error, words):
    with pytest.raises(error, match=words) as refused:
        small(**settings)
    assert "\n" not in str(refused.value)


def test_a_budget_becomes_splits_that_are_stored_at_the_start(choice, tmp_path, monkeypatch):
    plan, task, entrants = choice.study.plan, choice._task, choice._entrants
    assert choosing.splits_within(1e6, task, plan, entrants, 1) == 200
    monkeypatch.setattr(choosing, "splits_within", lambda *_: 6)
    store = tmp_path / "a.sqlite"
    made = small(seeds=None, budget="20s", store=store)
    assert made.study.plan.allowance == 6 * 3  # of two candidates and the linear model
    assert made.study.request["budget"] == "20s"
    monkeypatch.setattr(choosing, "splits_within", lambda *_: 9)  # a faster machine, say
    assert small(seeds=None, budget="20s", store=store).study.plan == made.study.plan


def test_a_metric_without_a_value_on_some_rows_is_managed_or_refused():
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 2))
    rare = (np.arange(200) < 5).astype(int)  # validation rows may lack the rare class
    made = small((x, rare), target=None, metric="auc", candidates="tanh")
    assert 0 <= made.verdict.standings[0].score <= 1
    few = np.r_[np.ones(3), np.zeros(37)].astype(int)  # and so may resamples of test rows
    tested = small((x, rare), target=None, metric="auc", candidates="tanh", test_file=(x[:40], few))
    assert all(len(r.resampled) == 200 for r in tested.study.runs if r.stage == "final")
    with pytest.raises(OgiveError, match="hold one class only"):
        small((x, rare), target=None, metric="auc", test_file=(x[:40], np.zeros(40, int)))


def test_one_column_may_be_dropped_by_its_name_alone():
    assert "weight" not in small(drop="weight")._task.columns.names
    assert "weight" in small(drop=None)._task.columns.names


def test_no_rows_have_no_predictions(choice):
    assert len(choice.predict(table()[:0])) == 0


def test_the_network_for_rows_in_time_has_seen_the_latest_rows(monkeypatch):
    frame = table(200).assign(day=np.arange(200))
    made = small(frame, time="day", candidates="tanh")
    assert made.take_home().about["trained_rows"] == 160
    assert made.take_home().about["validation_rows"] == 40


def test_predictions_may_be_asked_for_from_another_thread(choice):
    fresh = small(store=choice._store.path)
    with ThreadPoolExecutor(1) as threads:
        assert len(threads.submit(fresh.predict, table()).result()) == 120


def test_an_interrupt_leaves_a_store_that_goes_on(choice, tmp_path):
    store = tmp_path / "a.sqlite"

    def stop_soon(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"2 of 3 pieces of work are finished and stored"):
        small(store=store, progress=stop_soon)
    assert not read_study(store).finished
    seen = []
    again = small(store=store, progress=lambda done, total: seen.append(done))
    assert seen[0] == 2
    assert final(again.study) == final(choice.study)


RUN_SETTINGS = {
    "target": "label",
    "candidates": "relu,tanh",
    "seeds": 11,
    "width": 8,
    "rates": (1e-2,),
}
RUN = f"""
import sys, ogive
if __name__ == "__main__":
    ogive.choose(sys.argv[1], store=sys.argv[2], **{RUN_SETTINGS!r})
"""


@pytest.mark.slow
def test_kill_9_loses_at_most_the_units_in_flight(tmp_path):
    data, program = tmp_path / "data.csv", tmp_path / "run.py"
    table(200).to_csv(data, index=False)
    program.write_text(RUN)
    whole, killed = tmp_path / "whole.sqlite", tmp_path / "killed.sqlite"
    ogive.choose(str(data), store=str(whole), engine="here", **RUN_SETTINGS)
    child = subprocess.Popen([sys.executable, program, data, killed], start_new_session=True)
    stored = 0
    deadline = time.monotonic() + 120
    while stored < 2 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
        if killed.exists():
            try:
                with sqlite3.connect(f"file:{killed}?mode=ro", uri=True) as db:
                    stored = db.execute("SELECT count(*) FROM units").fetchone()[0]
                db.close()
            except sqlite3.OperationalError:
                pass  # the tables are being made
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    left = read_study(killed)
    assert 2 <= len(left.seconds) < len(left.plan.units())
    subprocess.run([sys.executable, program, data, killed], check=True)
    assert final(read_study(killed)) == final(read_study(whole))
