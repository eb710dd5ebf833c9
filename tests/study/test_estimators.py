"""The scikit-learn estimators: scikit-learn's own checks, and what they promise beyond them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import ogive
from ogive import OgiveClassifier, OgiveRegressor
from ogive.errors import BadData, BadStudy, OgiveError
from ogive.study.estimators import LEAST

QUICK = {"width": 8, "depth": 1, "rates": 0.03, "epochs": 20, "random_state": 0}
CHOICE = {"candidates": "relu,tanh", "seeds": 5, **QUICK}
BOTH = pytest.mark.parametrize("kind", [OgiveClassifier, OgiveRegressor])


def failures(estimator):
    """What scikit-learn's checks find, and how many of them passed."""
    done = check_estimator(estimator, on_skip=None, on_fail=None)
    assert len(done) > 45
    skipped = {d["check_name"] for d in done if d["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}  # it needs an environment variable of SciPy's
    return {d["check_name"]: d["exception"] for d in done if d["status"] not in "passed skipped"}


@BOTH
def test_it_passes_the_checks_of_scikit_learn(kind):
    assert failures(kind("tanh", **QUICK)) == {}


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.filterwarnings("ignore:a comparison needs 30 rows:UserWarning")
@BOTH
def test_it_passes_them_where_it_chooses(kind):
    assert failures(kind(**CHOICE)) == {}


def test_the_checks_can_fail():
    class Forgetful(OgiveRegressor):
        def predict(self, X):
            return np.zeros(len(X))

    found = failures(Forgetful("tanh", **QUICK))
    assert {"check_regressors_train", "check_n_features_in_after_fitting"} <= found.keys()


@pytest.fixture(scope="module")
def iris():
    data = load_iris()
    return data.data, data.target_names[data.target].astype(object)


@pytest.fixture(scope="module")
def chosen(iris):
    return OgiveClassifier(**CHOICE).fit(*iris)


def test_it_chooses_a_function_and_trains_the_network(chosen, iris):
    x, y = iris
    assert chosen.choice_.best == chosen.activation_
    assert chosen.activation_ in {"relu", "tanh"}
    assert chosen.learning_rate_ == 0.03
    assert chosen.choice_.study.plan.splits == 5
    assert chosen.choice_.study.about["classes"] == list(chosen.classes_)
    assert list(chosen.classes_) == ["setosa", "versicolor", "virginica"]
    assert chosen.score(x, y) > 0.9
    p = chosen.predict_proba(x)
    assert p.shape == (150, 3)
    np.testing.assert_array_equal(chosen.classes_[p.argmax(1)], chosen.predict(x))
    same = ogive.choose(
        (x, np.unique(y, return_inverse=True)[1]),
        task="classification",
        engine="here",
        seed=0,
        **{k: CHOICE[k] for k in ("candidates", "seeds", "width", "depth", "rates")},
    )
    assert chosen.choice_.study.runs == same.study.runs


def test_a_fitted_choice_is_pickled_with_its_result(chosen, iris):
    again = pickle.loads(pickle.dumps(chosen))
    np.testing.assert_array_equal(again.predict_proba(iris[0]), chosen.predict_proba(iris[0]))
    assert again.choice_.sentence == chosen.choice_.sentence
    assert "<html" in again.choice_._repr_html_() or again.choice_._repr_html_()
    np.testing.assert_array_equal(again.choice_.predict(iris[0]), chosen.choice_.predict(iris[0]))
    fresh = clone(chosen)
    assert fresh.get_params() == chosen.get_params()
    assert not hasattr(fresh, "choice_")


def test_the_learning_rate_of_a_named_function_is_tuned_on_validation_rows(iris):
    rates = (1e-6, 0.03)  # the first learns nothing
    model = OgiveClassifier("gelu", **{**QUICK, "rates": rates}).fit(*iris)
    assert model.learning_rate_ == 0.03
    assert model.choice_ is None
    assert model.activation_ == "gelu"
    assert model.network_.about["validation_rows"] == 30


def test_more_epochs_learn_more_and_none_is_the_most(iris):
    x, y = iris
    losses = [
        -np.log(model.predict_proba(x)[np.arange(150), np.unique(y, return_inverse=True)[1]]).mean()
        for model in (
            OgiveClassifier("tanh", **{**QUICK, "epochs": epochs}).fit(x, y)
            for epochs in (1, 10, None)
        )
    ]
    assert losses[0] > losses[1] > losses[2]


def test_it_works_in_pipelines_and_searches():
    x, y = load_breast_cancer(return_X_y=True)
    x, y = x[:150, :8], y[:150]
    piped = make_pipeline(StandardScaler(), OgiveClassifier("relu", **QUICK))
    assert cross_val_score(piped, x, y, cv=2).min() > 0.8
    search = GridSearchCV(OgiveClassifier(**QUICK), {"activation": ["relu", "sin"]}, cv=2)
    assert search.fit(x, y).best_params_["activation"] in {"relu", "sin"}


def test_a_dataframe_may_hold_categories_and_gaps():
    random = np.random.default_rng(0)
    colour = random.choice(["red", "green", None], 100)
    frame = pd.DataFrame({"size": random.standard_normal(100), "colour": colour})
    frame.loc[::7, "size"] = np.nan
    y = np.where(colour == "red", 5.0, -5.0)
    model = OgiveRegressor("relu", **QUICK).fit(frame, y)
    assert model.score(frame, y) > 0.9
    assert list(model.feature_names_in_) == ["size", "colour"]
    new = pd.DataFrame({"size": [0.1, np.nan], "colour": ["red", "violet"]})
    assert model.predict(new)[0] > 0
    with pytest.raises(ValueError, match="feature names"):
        model.predict(new[["colour", "size"]])


def test_random_state_decides(iris):
    x, y = iris
    one, two, other = (
        OgiveClassifier("relu", **{**QUICK, "random_state": s}).fit(x, y).predict_proba(x)
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-3
    drawn = OgiveClassifier("relu", **{**QUICK, "random_state": np.random.RandomState(0)})
    assert drawn.fit(x, y).score(x, y) > 0.8


def test_too_few_rows_are_not_compared_on(iris):
    x, y = iris
    few = np.r_[0:8, 50:58]
    with pytest.warns(UserWarning, match="from these 16 rows relu was trained without one"):
        model = OgiveClassifier(**CHOICE).fit(x[few], y[few])
    assert model.activation_ == "relu"
    assert model.choice_ is None


def test_what_cannot_be_used_is_said(iris):
    x, y = iris
    with pytest.raises(BadData, match="one class only"):
        OgiveClassifier("relu", **QUICK).fit(x[:40], y[:40])
    for epochs in (0, 1.5, True):
        with pytest.raises(BadStudy, match=f"epochs is {epochs}; give a whole number"):
            OgiveClassifier("relu", **{**QUICK, "epochs": epochs}).fit(x, y)
    with pytest.raises(OgiveError, match="rleu"):
        OgiveClassifier("rleu", **QUICK).fit(x, y)
    with pytest.raises(ValueError, match=f"minimum of {LEAST}"):
        OgiveRegressor("relu", **QUICK).fit(x[:3], x[:3, 0])
    with pytest.raises(TypeError, match="sample_weight"):
        OgiveClassifier("relu", **QUICK).fit(x, y, sample_weight=np.ones(150))
