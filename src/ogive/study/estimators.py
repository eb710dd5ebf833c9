"""scikit-learn estimators: the network of a study, with a chosen or a named function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from ogive.errors import BadData, BadStudy
from ogive.functions import Activation
from ogive.study import columns as cols
from ogive.study import metrics
from ogive.study.choose import choose, scale_of
from ogive.study.metrics import Kind
from ogive.study.plan import Candidate, Plan, candidates_from, make_plan
from ogive.study.takehome import TakeHome, fit
from ogive.study.target import LEAST_OF_CLASS, LEAST_ROWS
from ogive.study.task import Task
from ogive.study.work import Entrant, count_inputs, one_thread

if TYPE_CHECKING:
    from ogive.study.choice import Choice

AUTO = "auto"
LEAST = 5  # rows, of which one is kept to stop early
Candidates = str | Sequence[str | Activation] | Mapping[str, str | Activation] | None


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    def __init__(
        self,
        activation: str | Activation = AUTO,
        *,
        candidates: Candidates = None,
        seeds: int | None = None,
        budget: str | float | None = None,
        margin: float | None = None,
        metric: str | None = None,
        depth: int | None = None,
        width: int | None = None,
        rates: float | Sequence[float] | None = None,
        epochs: int | None = None,
        engine: str | None = "here",
        random_state: Any = None,
    ) -> None:
        self.activation = activation
        self.candidates = candidates
        self.seeds = seeds
        self.budget = budget
        self.margin = margin
        self.metric = metric
        self.depth = depth
        self.width = width
        self.rates = rates
        self.epochs = epochs
        self.engine = engine
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _rows(self, X: Any) -> pd.DataFrame:
        """New rows, checked as scikit-learn does, under the names that were trained on."""
        check_is_fitted(self)
        checked = validate_data(
            self, X, reset=False, dtype=_dtype(X), ensure_all_finite="allow-nan"
        )
        return self._named(X, checked)

    def _checked(self, X: Any, y: Any, numbers: bool) -> tuple[pd.DataFrame, NDArray[Any]]:
        """Rows to train on and their target, checked as scikit-learn does."""
        checked, y = validate_data(
            self,
            X,
            y,
            dtype=_dtype(X),
            ensure_all_finite="allow-nan",
            ensure_min_samples=LEAST,
            y_numeric=numbers,
        )
        return self._named(X, checked), y

    def _named(self, given: Any, checked: NDArray[Any]) -> pd.DataFrame:
        """Rows under the names of the DataFrame that was trained on, or x0, x1 ..."""
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(checked.shape[1])])
        if isinstance(given, pd.DataFrame):
            return given.set_axis(names, axis=1)
        return pd.DataFrame(np.asarray(checked, np.float64), columns=names)

    def _settle(self, rows: pd.DataFrame, y: NDArray[Any], labels: list[Any]) -> None:
        """Choose or train; ``y`` is numbers, or for classes the places of their ``labels``."""
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        chosen = candidates_from(self.candidates if _auto(self.activation) else [self.activation])
        least = int(np.bincount(y).min()) if labels else len(y)
        few = len(y) < LEAST_ROWS or least < LEAST_OF_CLASS
        self.choice_: Choice | None = None
        if _auto(self.activation) and not few:
            self.choice_ = self._choose(rows, y, labels, int(seed))
            self.network_ = self.choice_.take_home()
            self.activation_ = str(self.choice_.best)
        else:
            if _auto(self.activation):
                warnings.warn(
                    f"a comparison needs {LEAST_ROWS} rows, and {LEAST_OF_CLASS} of each class; "
                    f"from these {len(y)} rows {chosen[0].label} was trained without one",
                    UserWarning,
                    stacklevel=3,
                )
            self.network_ = self._train(rows, y, labels, chosen[0], int(seed))
            self.activation_ = chosen[0].label
        self.learning_rate_ = float(self.network_.about["rate"])

    def _choose(self, rows: pd.DataFrame, y: NDArray[Any], labels: list[Any], seed: int) -> Choice:
        choice = choose(
            (rows, y),
            task="classification" if labels else "regression",
            metric=self.metric,
            candidates=self.candidates,
            seeds=self.seeds,
            budget=self.budget,
            margin=self.margin,
            depth=self.depth,
            width=self.width,
            rates=self.rates,
            seed=seed,
            engine=self.engine,
        )
        if labels:  # it was given their places
            about = {**choice.study.about, "classes": [str(label) for label in labels]}
            choice.study = replace(choice.study, about=about)
        return choice

    def _train(
        self, rows: pd.DataFrame, y: NDArray[Any], labels: list[Any], named: Candidate, seed: int
    ) -> TakeHome:
        """The network with one function, at the learning rate with the least validation loss."""
        kind: Kind = "regression" if not labels else "binary" if len(labels) == 2 else "multiclass"
        columns = cols.decide(rows)
        task = Task(
            name="the rows given to fit",
            frame=cols.prepare(rows, columns),
            columns=columns,
            target=y,
            target_name="y",
            kind=kind,
            why="the estimator says so",
            classes=tuple(range(len(labels))),
            metric=metrics.default(kind),
        )
        plan = make_plan(
            task,
            [named],
            count_inputs(task),
            depth=self.depth,
            width=self.width,
            rates=self.rates,
            seed=seed,
        )
        entrant = Entrant(named, scale_of(named.function)[0])
        with one_thread():
            return fit(task, self._limited(plan, len(y)), entrant, plan.rates, {})

    def _limited(self, plan: Plan, rows: int) -> Plan:
        """The plan with at most ``epochs`` passes over the training rows."""
        if self.epochs is None:
            return plan
        if isinstance(self.epochs, bool) or not isinstance(self.epochs, int | np.integer):
            raise BadStudy(f"epochs is {self.epochs!r}; give a whole number from 1 on, or None")
        if self.epochs < 1:
            raise BadStudy(f"epochs is {self.epochs}; give a whole number from 1 on, or None")
        steps = math.ceil(self.epochs * (rows - rows // 5) / plan.batch_size)
        every = min(plan.evaluate_every, steps)
        return replace(plan, evaluate_every=every, rungs=min(plan.rungs, math.ceil(steps / every)))


def _dtype(rows: Any) -> str | None:
    """What scikit-learn is to make of rows: numbers, but a DataFrame may hold categories."""
    return None if isinstance(rows, pd.DataFrame) else "numeric"


def _auto(activation: Any) -> bool:
    return isinstance(activation, str) and activation == AUTO


_PARAMETERS = """
    ``activation`` is a function (a name, a formula, an :class:`ogive.Activation`), trained with
    its learning rate tuned on a fifth of the rows, or "auto": :func:`ogive.choose` compares
    ``candidates`` on the rows and the recommended function is trained on all of them.
    ``candidates``, ``seeds``, ``budget``, ``margin``, ``metric``, ``depth``, ``width`` and
    ``rates`` are those of :func:`ogive.choose`; ``epochs`` is the most passes over the rows that
    the network of a named function trains for (it stops earlier where that is better); ``engine``
    carries out the choice, by default in this process (None: one process a core). ``random_state``
    is an int, a ``RandomState`` or None.

    X holds numbers, or is a DataFrame which may hold categories too; gaps (NaN) are handled as
    :func:`ogive.choose` does. Weights of samples are not supported.

    After ``fit``: ``activation_`` (the function's name), ``learning_rate_``, ``choice_`` (the
    :class:`Choice` with its report; None where no comparison was made), ``network_`` (as
    :func:`ogive.load` gives it; ``network_.model()`` is the torch module), {more}
    ``n_features_in_``, and ``feature_names_in_`` for a DataFrame.
"""


class OgiveClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    def fit(self, X: Any, y: Any) -> OgiveClassifier:
        """Choose a function, or train the named one, on rows ``X`` with classes ``y``.

        Raises :class:`OgiveError` (a ValueError) for rows or settings that cannot be used.
        """
        rows, y = self._checked(X, y, numbers=False)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise BadData(
                f"y holds one class only ({self.classes_[0]!r}); give rows of at least two classes"
            )
        self._settle(rows, codes.astype(np.int64), self.classes_.tolist())
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities (rows, classes), in the order of ``classes_``."""
        rows = self._rows(X)
        made: NDArray[np.float64] = self.network_.predict_proba(rows)
        return made

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        places = self.predict_proba(X).argmax(1)
        made: NDArray[Any] = self.classes_[places]
        return made


class OgiveRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    def fit(self, X: Any, y: Any) -> OgiveRegressor:
        """Choose a function, or train the named one, on rows ``X`` with numbers ``y``.

        Raises :class:`OgiveError` (a ValueError) for rows or settings that cannot be used.
        """
        rows, y = self._checked(X, y, numbers=True)
        self._settle(rows, np.asarray(y, np.float64), [])
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The predicted number of each row."""
        rows = self._rows(X)
        made: NDArray[np.float64] = self.network_.predict(rows)
        return made


OgiveClassifier.__doc__ = (
    "A network that tells classes, its activation function chosen on the data or named.\n"
    + _PARAMETERS.format(more="``classes_``,")
)
OgiveRegressor.__doc__ = (
    "A network that predicts a number, its activation function chosen on the data or named.\n"
    + _PARAMETERS.format(more="")
)
