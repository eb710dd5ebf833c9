"""The statistics: error rates on simulated scores, and each kind of verdict."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ogive.errors import BadStudy
from ogive.study.scores import Scores, compare, critical_value, standard_error
from ogive.study.verdict import check_margin, verdict
from studies import make_study


def scores(values, **settings):
    labels = tuple(f"f{i}" for i in range(len(values)))
    return Scores(labels, np.asarray(values, float), settings.pop("ratio", 0.0), **settings)


def test_two_candidates_are_compared_by_students_t():
    values = np.random.default_rng(0).standard_normal((2, 20))
    assert critical_value(values) == pytest.approx(2.0930, abs=1e-4)  # t(19) at 97.5%


def test_the_critical_value_for_equal_independent_candidates_is_tukeys():
    # Studentized range q(0.05; 5, large) / sqrt 2 = 3.858 / 1.414 with a pooled variance; with a
    # variance of its own for each pair and 200 splits the two nearly agree.
    values = np.random.default_rng(1).standard_normal((5, 200))
    assert critical_value(values) == pytest.approx(2.75, abs=0.08)


def test_false_differences_over_all_pairs_stay_at_five_percent():
    random = np.random.default_rng(2)
    found, studies = 0, 250
    for _ in range(studies):
        shared = random.standard_normal((1, 15))
        values = shared + random.standard_normal((6, 15)) * random.uniform(0.3, 2, (6, 1))
        critical, differences, errors = compare(scores(values))
        errors[np.diag_indices(6)] = np.inf
        found += bool((np.abs(differences) > critical * errors).any())
    assert found / studies < 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / studies)
    assert found / studies > 0.01  # and the test is not so shy that it finds nothing


def test_a_planted_difference_is_found_and_its_interval_holds_it():
    random = np.random.default_rng(3)
    held, found, studies = 0, 0, 100
    for _ in range(studies):
        values = random.standard_normal((4, 20)) + np.array([[2.0], [0], [0], [0]])
        critical, differences, errors = compare(scores(values))
        half = critical * errors[0, 1:]
        held += bool((np.abs(differences[0, 1:] - 2.0) <= half).all())
        found += bool((differences[0, 1:] > half).all())
    assert held / studies >= 0.93
    assert found / studies > 0.9


def test_overlap_of_splits_widens_the_error_as_nadeau_and_bengio_say():
    values = np.random.default_rng(4).standard_normal((2, 10))
    plain, corrected = (standard_error(scores(values, ratio=r), 0, 1) for r in (0.0, 0.25))
    assert corrected / plain == pytest.approx(math.sqrt((0.1 + 0.25) / 0.1))


def test_twins_that_differ_by_rounding_do_not_hide_a_loser():
    random = np.random.default_rng(7)
    first = random.standard_normal(20)
    values = np.stack([first, first + 1e-9 * random.standard_normal(20), first - 5])
    values[2] += 0.1 * random.standard_normal(20)
    assert critical_value(values) < 5


def test_scores_that_step_by_rows_never_get_an_interval_of_no_width():
    values = np.ones((2, 10))
    assert standard_error(scores(values), 0, 1) == 0
    assert standard_error(scores(values, grain=0.01), 0, 1) == pytest.approx(0.001)


def test_fixed_test_rows_add_the_variance_of_their_resamples():
    values = np.random.default_rng(5).standard_normal((2, 10))
    again = np.random.default_rng(6).standard_normal((2, 1, 200)) * np.ones((1, 10, 1))
    alone = standard_error(scores(values), 0, 1)
    both = standard_error(scores(values, resampled=again), 0, 1)
    extra = float((again[0, 0] - again[1, 0]).var(ddof=1))
    assert both == pytest.approx(math.sqrt(alone**2 + extra))


def test_a_tie_recommends_the_cheapest_of_the_group():
    costs = {"mish": (2, 9, 0), "relu": (0, 3, 0), "tanh": (1, 5, 0)}
    study = make_study({"mish": 0.90, "relu": 0.899, "tanh": 0.898}, noise=0.02, costs=costs)
    said = verdict(study)
    assert said.leader is not None
    assert set(said.ties) == {"mish", "relu", "tanh"}
    assert said.recommended == "relu"
    assert not said.settled


TIED = {"mish": 0.90, "relu": 0.899, "tanh": 0.898}


@pytest.mark.parametrize(
    ("nanoseconds", "best"),
    [
        ({"mish": 1.0, "relu": 3.0, "tanh": 2.0}, "mish"),  # times go before counts
        ({"mish": 1.0, "relu": 1.24, "tanh": 2.0}, "relu"),  # equal within 25%: counts decide
        ({"mish": 1.0, "relu": 1.26, "tanh": 1.2}, "tanh"),  # and only among those
        ({"mish": 1.2, "relu": 1.45, "tanh": 1.0}, "tanh"),  # 25% of the least, not of the next
        ({"mish": 1.0, "relu": 9.0}, "relu"),  # one is missing: as if none were there
    ],
)
def test_the_cheapest_by_time_is_recommended(nanoseconds, best):
    costs = {"mish": (2, 9, 0), "relu": (0, 3, 0), "tanh": (1, 5, 0)}
    study = make_study(TIED, noise=0.02, costs=costs, nanoseconds=nanoseconds)
    said = verdict(study)
    assert said.recommended == best
    found = {s.label: s.nanoseconds for s in said.standings if s.nanoseconds is not None}
    assert found == pytest.approx(nanoseconds)


def test_the_name_decides_between_equal_costs():
    costs = dict.fromkeys(TIED, (1, 5, 0))
    for nanoseconds in (None, {"mish": 1.0, "relu": 0.9, "tanh": 0.8}):
        for order in (TIED, dict(reversed(TIED.items()))):
            study = make_study(order, noise=0.02, costs=costs, nanoseconds=nanoseconds)
            assert verdict(study).recommended == "mish"


def test_the_cheapest_is_not_taken_where_it_most_likely_costs_points():
    costs = {"mish": (2, 9, 0), "relu": (0, 3, 0), "tanh": (1, 5, 0)}
    means = {"mish": 0.90, "relu": 0.885, "tanh": 0.899}
    study = make_study(means, noise=0.014, costs=costs)
    said = verdict(study)
    assert set(said.ties) == {"mish", "relu", "tanh"}
    assert said.recommended == "tanh"
    assert [s.close for s in said.standings] == [True, True, False]
    assert verdict(study, margin=0.2).recommended == "relu"  # within the margin cost counts alone


def test_a_clear_winner_is_named_alone():
    said = verdict(make_study({"mish": 0.95, "relu": 0.85, "tanh": 0.80}, noise=0.005))
    assert said.ties == ("mish",)
    assert said.recommended == said.leader == "mish"
    assert said.settled
    assert [s.status for s in said.standings] == ["leader", "worse", "worse"]
    for standing in said.standings[1:]:
        assert standing.difference_interval[1] < 0


def test_a_metric_where_less_is_better_turns_the_order_not_the_sign():
    said = verdict(make_study({"mish": 5.0, "relu": 3.0}, noise=0.1, metric="rmse"))
    assert said.leader == "relu"
    worse = said.standings[1]
    assert worse.difference == pytest.approx(2.0, abs=0.2)
    assert worse.difference_interval[0] > 0
    assert worse.score == pytest.approx(5.0, abs=0.1)


def test_the_margin_makes_small_differences_equivalent():
    costs = {"mish": (2, 9, 0), "relu": (0, 3, 0), "tanh": (1, 5, 0)}
    means = {"mish": 0.95, "relu": 0.945, "tanh": 0.80}
    study = make_study(means, noise=0.001, costs=costs)
    assert verdict(study).ties == ("mish",)
    with_margin = verdict(study, margin=0.02)
    assert with_margin.ties == ("mish", "relu")
    assert with_margin.recommended == "relu"
    assert [s.status for s in with_margin.standings] == ["leader", "equivalent", "worse"]


def test_a_candidate_that_diverged_is_shown_and_not_ranked():
    said = verdict(make_study({"mish": 0.9, "relu": 0.9}, noise=0.01, diverged=["mish"]))
    assert said.diverged == ("mish",)
    assert said.leader == said.recommended == "relu"
    last = said.standings[-1]
    assert (last.label, last.status, last.score, last.diverged) == ("mish", "diverged", None, 6)


def test_when_all_diverge_nothing_is_recommended():
    said = verdict(make_study({"mish": 0.9, "relu": 0.9}, diverged=["mish", "relu"]))
    assert said.recommended is None
    assert said.ties == ()


def test_a_linear_model_that_does_as_well_is_noticed():
    assert verdict(make_study({"relu": 0.9, "tanh": 0.9}, linear=0.9)).linear_does_as_well
    below = make_study({"relu": 0.9, "tanh": 0.9}, linear=0.6, noise=0.005)
    assert not verdict(below).linear_does_as_well


def test_an_unfinished_study_has_no_verdict():
    study = make_study({"relu": 0.9, "tanh": 0.9})
    with pytest.raises(BadStudy, match=r"not finished \(2 of 3 pieces"):
        verdict(replace(study, seconds=dict(list(study.seconds.items())[:2])))


def test_intervals_of_scores_end_where_the_metric_ends():
    study = make_study({"relu": 0.99, "tanh": 0.98}, spread=0.05)
    bounded = replace(study, about={**study.about, "metric_range": [0.0, 1.0]})
    assert verdict(study).standings[0].interval[1] > 1
    assert verdict(bounded).standings[0].interval[1] == 1


def test_the_study_says_what_it_could_have_seen():
    loud, quiet = (make_study({"relu": 0.9, "tanh": 0.9}, noise=n) for n in (0.05, 0.005))
    assert verdict(loud).sees > 5 * verdict(quiet).sees > 0


def test_only_final_runs_count():
    study = make_study({"relu": 0.9, "tanh": 0.8}, noise=0.01)
    spoiled = tuple(replace(r, score=0.0) if r.stage == "tune" else r for r in study.runs)
    assert verdict(replace(study, runs=spoiled)) == verdict(study)


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan, math.inf])
def test_a_margin_that_is_no_difference_is_refused(margin):
    with pytest.raises(BadStudy, match=r"margin is .*above 0"):
        check_margin(margin)
