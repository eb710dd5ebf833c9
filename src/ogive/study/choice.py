"""The result of a study: the verdict, the evidence, and the network to take home."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.door import room
from ogive.errors import BadStore, OgiveError
from ogive.functions.formula import is_defined
from ogive.functions.registry import holds
from ogive.study import wording
from ogive.study.modelhome import FILES as MODEL_FILES
from ogive.study.modelhome import ModelHome, fit_model, model_from_files
from ogive.study.modeltask import ModelTask
from ogive.study.race_wording import next_step, race_remarks
from ogive.study.record import Study
from ogive.study.store import Store
from ogive.study.takehome import FILES, TakeHome, fit
from ogive.study.task import Task
from ogive.study.verdict import Verdict, verdict
from ogive.study.work import Entrant

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Choice:
    """The result of a study: the verdict, the evidence, and the network to take home."""

    def __init__(
        self,
        study: Study,
        margin: float | None,
        task: Task | ModelTask,
        entrants: Mapping[str, Entrant],
        store: Store | None,
    ) -> None:
        self.study = study
        self.verdict: Verdict = verdict(study, margin)
        self._task, self._entrants, self._store = task, dict(entrants), store
        self._taken: TakeHome | ModelHome | None = None

    @property
    def best(self) -> str | None:
        """The recommended candidate; None if all diverged.

        The cheapest of the tie group among those within one standard error of the leader, by the
        times that were measured when the study began.
        """
        return self.verdict.recommended

    @property
    def ties(self) -> tuple[str, ...]:
        """Candidates that the study cannot tell from the leader, the leader first."""
        return self.verdict.ties

    @property
    def diverged(self) -> tuple[str, ...]:
        """Candidates that diverged in at least one final run."""
        return self.verdict.diverged

    @property
    def stopped(self) -> tuple[str, ...]:
        """Candidates that left the race before its end, those who raced longest first."""
        return self.verdict.stopped

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return wording.recommendation(self.study, self.verdict)

    @property
    def remarks(self) -> list[str]:
        """What a careful reader should know besides."""
        return [
            *race_remarks(self.study, self.verdict),
            *wording.remarks(self.study, self.verdict),
            *self.study.about["notes"],
        ]

    @property
    def next_step(self) -> str:
        """What to do next, in one paragraph."""
        return next_step(self.study, self.verdict)

    def table(self) -> pd.DataFrame:
        """One row a candidate, best first, the linear baseline last."""
        import pandas as pd

        return pd.DataFrame(room("report.summary").rows(self.study, self.verdict))

    def to_dict(self) -> dict[str, Any]:
        """The verdict and the protocol as plain values: the document of ``--json``."""
        return room("report.summary").document(self.study, self.verdict)  # type: ignore[no-any-return]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Scores with their intervals, best first."""
        return room("report.study_figures").draw_scores(self.study, self.verdict, ax=ax)  # type: ignore[no-any-return]

    def report(self, path: str | Path) -> Path:
        """Write the self-contained HTML page to ``path``."""
        return room("report.page").write(self.study, self.verdict, path)  # type: ignore[no-any-return]

    def take_home(self) -> TakeHome | ModelHome:
        """The recommended candidate, trained on all rows (kept in the store once trained).

        Raises :class:`OgiveError` if nothing is recommended.
        """
        if self._taken is None:
            self._taken = self._stored_network() or self._trained_network()
        return self._taken

    def model(self) -> Any:
        """The trained network as a ``torch.nn.Module``.

        Its input is preprocessed rows; for a model of your own, whatever that takes.
        """
        return self.take_home().model()

    def predict(self, rows: Any) -> np.ndarray:
        """Predictions on new rows, preprocessed as in training."""
        return self.take_home().predict(rows)

    def save(self, folder: str | Path) -> Path:
        """Save the network: safetensors, skops and JSON; :func:`ogive.load` reads it."""
        return self.take_home().save(folder)

    def _stored_network(self) -> TakeHome | ModelHome | None:
        if self._store is None:
            return None
        wanted = FILES if isinstance(self._task, Task) else MODEL_FILES
        files = {name: self._store.file(f"{self.best}/{name}") for name in wanted}
        found = {name: content for name, content in files.items() if content is not None}
        if len(found) < len(files):
            return None
        if isinstance(self._task, Task):
            return TakeHome.from_files(found)
        return model_from_files(self._task, self._entrants[str(self.best)], found)

    def _trained_network(self) -> TakeHome | ModelHome:
        if self.best is None:
            raise OgiveError("every candidate diverged, so there is no network to take home")
        standing = next(s for s in self.verdict.standings if s.label == self.best)
        about = {
            "study": self.study.about["name"],
            "metric": self.verdict.metric,
            "expected_score": standing.score,
            "interval": standing.interval,
            "versions": dict(self.study.versions),
        }
        rate, entrant = pooled_rate(self.study, self.best), self._entrants[self.best]
        made: TakeHome | ModelHome
        if isinstance(self._task, Task):
            made = fit(self._task, self.study.plan, entrant, rate, about)
        else:
            made = fit_model(self._task, self.study.plan, entrant, rate, about)
        # A function that is neither in the catalogue nor a formula cannot be saved, and a full
        # disk should not cost the network: then it lives as long as this object.
        definition = entrant.candidate.function.definition
        if self._store is not None and (holds(definition) or is_defined(definition)):
            with contextlib.suppress(BadStore):
                for name, content in made.to_files().items():
                    self._store.keep_file(f"{self.best}/{name}", content)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: everything but the open file; its trained network comes along."""
        with contextlib.suppress(OgiveError):
            self._taken = self._taken or self._stored_network()
        return {**self.__dict__, "_store": None}

    def __rich__(self) -> Any:
        return room("report.summary").terminal(self.study, self.verdict)

    def __str__(self) -> str:
        return room("report.summary").text(self)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<Choice on {self.study.about['name']}: {self.sentence}>"

    def _repr_html_(self) -> str:
        return room("report.page").fragment(self.study, self.verdict)  # type: ignore[no-any-return]


def pooled_rate(study: Study, label: str) -> float:
    """The rate of ``label`` with the best mean validation score over all splits.

    Where tuning gave rates up on the way, their scores do not compare: then it is the rate that
    was chosen in most splits, the smallest of several such.
    """
    if study.plan.cuts:
        finals = [r.rate for r in study.runs if (r.label, r.stage) == (label, "final")]
        return min(sorted(set(finals)), key=lambda rate: -finals.count(rate))
    sign = 1.0 if study.about["higher_is_better"] else -1.0
    means = {}
    for rate in study.plan.rates:
        scores = [
            r.score for r in study.runs if (r.label, r.stage, r.rate) == (label, "tune", rate)
        ]
        if scores and None not in scores:
            means[rate] = sign * float(np.mean(np.array(scores, float)))
    return max(means, key=lambda rate: means[rate]) if means else study.plan.rates[0]
