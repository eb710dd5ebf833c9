"""The verdict in plain sentences: one place for the terminal, the page and JSON."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ogive.functions.timing import nanoseconds
from ogive.study.plan import BASELINE, BASELINES, NO_FUNCTION
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict, cheapest

PERCENT = {"accuracy", "balanced_accuracy"}
SHORT = {"rmse": "RMSE", "mae": "MAE", "auc": "AUC"}
NAMED_TIES = 6  # a larger tie group is counted, not listed


@dataclass(frozen=True)
class Scale:
    """How the scores of one study are written: accuracy in percent, others as they are.

    ``digits`` decimals show about two figures of an interval's width; ``title`` is the metric's.
    """

    percent: bool
    digits: int
    title: str
    short: str

    @classmethod
    def of(cls, study: Study, verdict: Verdict) -> Scale:
        """The scale that suits the intervals of ``verdict``."""
        percent = verdict.metric in PERCENT
        open_lines = [s for s in verdict.standings if s.status not in {"leader", "stopped"}]
        gaps = [s.difference_interval for s in open_lines or verdict.standings]
        spans = [ends for ends in gaps if ends] or [
            s.interval for s in verdict.standings if s.interval
        ]
        width = statistics.median(b - a for a, b in spans) if spans else 0.0
        width *= 100 if percent else 1
        least = 1 if percent else 0
        digits = least + 2 if width <= 0 else math.ceil(-math.log10(width / (2 if percent else 4)))
        title = str(study.about["metric_title"])
        return cls(percent, max(least, digits), title, SHORT.get(verdict.metric, title))

    def amount(self, value: float, signed: bool = False) -> str:
        """A score or a difference as people read it: ``97.1``, ``-0.3``; never ``-0.0``."""
        shown = 100 * value if self.percent else value
        if self.digits > 6 or abs(shown) >= 1e9:
            return f"{shown:{'+' if signed else ''}.3g}"
        shown = round(shown, self.digits)
        sign = "+" if signed and shown else ""
        return f"{shown or 0.0:{sign},.{self.digits}f}"

    def interval(self, ends: tuple[float, float], signed: bool = False) -> str:
        """``96.1 to 98.0``."""
        return f"{self.amount(ends[0], signed)} to {self.amount(ends[1], signed)}"

    def cell(
        self, value: float | None, ends: tuple[float, float] | None, signed: bool = False
    ) -> str:
        """``97.1 (96.1 to 98.0)``, or a dash where there is nothing to state."""
        if value is None or ends is None:
            return "-"
        return f"{self.amount(value, signed)} ({self.interval(ends, signed)})"

    @property
    def head(self) -> str:
        """The head of a column of scores: ``accuracy %``, ``RMSE``."""
        return f"{self.short} %" if self.percent else self.short

    @property
    def gap_head(self) -> str:
        """The head of a column of differences."""
        return "difference (points)" if self.percent else f"difference in {self.short}"

    @property
    def unit(self) -> str:
        """What follows a score in a sentence."""
        return "%" if self.percent else ""

    def gap(self, text: str) -> str:
        """A difference already written, with its unit, as in a sentence."""
        if self.percent:
            return f"{text} percentage point{'' if text == '1' else 's'}"
        return f"{text} in {self.title}"

    def margin(self, value: float) -> str:
        """A margin as it was given, with its unit."""
        return self.gap(f"{100 * value if self.percent else value:.6g}")


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``2 rows``, ``1,797 rows``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``4 min 5 s``, ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def folded(label: str, width: int) -> str:
    """``label`` in lines of at most ``width`` characters, broken after colons where possible."""
    lines: list[str] = []
    for part in label.replace(":", ":\n").splitlines() or [""]:
        if lines and len(lines[-1]) + len(part) <= width:
            lines[-1] += part
        else:
            lines += [part[i : i + width] for i in range(0, len(part), width)] or [""]
    return "\n".join(lines)


def status(study: Study, verdict: Verdict, standing: Standing) -> str:
    """The verdict column of a candidate's line."""
    if standing.status == "diverged":
        return f"diverged ({standing.diverged} of {final_runs(study, standing)})"
    if standing.status == "stopped":
        return f"stopped after {standing.splits}"
    if standing.label in BASELINES:
        return "does better" if _beats_leader(standing, verdict) else _PLAIN[standing.status]
    if standing.label == verdict.recommended:
        alone = standing.status == "leader"
        return "best, recommended" if alone else "tie, recommended"
    return _PLAIN[standing.status]


def final_runs(study: Study, standing: Standing) -> int:
    """Final runs that a line rests on."""
    return standing.splits * study.plan.finals


_PLAIN = {
    "leader": "best score",
    "tied": "tie",
    "equivalent": "tie within margin",
    "worse": "worse",
}


def _beats_leader(baseline: Standing, verdict: Verdict) -> bool:
    """Whether the whole interval of the baseline's difference lies on the better side."""
    if baseline.difference_interval is None:
        return False
    low, high = baseline.difference_interval
    return low > 0 if verdict.higher_is_better else high < 0


def recommendation(study: Study, verdict: Verdict) -> str:
    """The verdict in one sentence."""
    chosen, leader = verdict.recommended, verdict.leader
    if chosen is None or leader is None:
        who = "the only candidate" if len(study.plan.labels) == 1 else "every candidate"
        return (
            f"No recommendation: {who} diverged in at least one final run; choose again with "
            "smaller learning rates (--rates)."
        )
    scale = Scale.of(study, verdict)
    if len(study.plan.labels) == 1:
        best = verdict.standings[0]
        assert best.score is not None
        assert best.interval is not None
        return (
            f"Only {chosen} was trained, so there was nothing to choose between; its "
            f"{scale.title} on new data is about {scale.amount(best.score)}{scale.unit} "
            f"({scale.interval(best.interval)})."
        )
    if verdict.settled:
        return _clear(verdict, scale, chosen)
    return _tie(study, verdict, scale, chosen)


def _clear(verdict: Verdict, scale: Scale, chosen: str) -> str:
    worse = [s for s in verdict.standings if s.status in {"worse", "stopped"}]
    if not worse:
        return f"Use {chosen}: every other candidate diverged."
    nearest = min(worse, key=_reach)
    assert nearest.difference_interval is not None
    small, large = sorted(abs(end) for end in nearest.difference_interval)
    by = f"by {scale.gap(scale.interval((small, large)))}"
    trained = " that trained" if verdict.diverged else ""
    if len(worse) == 1:
        other = f"the only other candidate{trained}, {nearest.label}," if trained else nearest.label
        return f"Use {chosen}: it is better than {other} {by}."
    return (
        f"Use {chosen}: it is better than each of the {len(worse)} other candidates{trained}, and "
        f"than the nearest of them ({nearest.label}) {by}."
    )


def _reach(standing: Standing) -> float:
    """How far the interval of a difference is from 0."""
    ends = standing.difference_interval
    assert ends is not None
    return 0.0 if ends[0] <= 0 <= ends[1] else min(abs(end) for end in ends)


def _tie(study: Study, verdict: Verdict, scale: Scale, chosen: str) -> str:
    size, of = len(verdict.ties), len(study.plan.labels) - len(verdict.diverged)
    kinds = {s.status for s in verdict.standings if s.label in verdict.ties} - {"leader"}
    trained = " that trained" if verdict.diverged else ""
    if size == of:
        who = f"{'both' if size == 2 else f'all {size}'} candidates{trained}"
    else:
        names = f" ({listed(verdict.ties)})" if size <= NAMED_TIES else ""
        who = f"{size} of {of} candidates{trained}{names}"
    margin = "" if verdict.margin is None else f"the margin ({scale.margin(verdict.margin)})"
    if kinds == {"equivalent"}:
        found = f"{who} are within {margin} of the best score"
    elif "equivalent" in kinds:
        found = f"{who} tie for the best score or are within {margin} of it"
    else:
        found = f"{who} tie for the best score"
        found = f"no difference found: {found}" if size == of else found
    return f"{found[0].upper()}{found[1:]}; use {chosen}, {_why(verdict, chosen)}."


def _why(verdict: Verdict, chosen: str) -> str:
    """Why ``chosen`` of the tie group, as a clause."""
    close = [s for s in verdict.standings if s.label in verdict.ties and s.close]
    if len(close) == 1:
        return (
            "which leads by more than one standard error of the difference, though not by enough "
            "to rule out chance"
        )
    cost = next(s.nanoseconds for s in close if s.label == chosen)
    whom = "of them"
    if len(close) < len(verdict.ties):
        whom = f"of the {len(close)} within one standard error of the best score"
    if len(cheapest(close)) > 1:
        cheap = f"as cheap to compute as any {whom}"
    else:
        cheap = f"the {'cheaper' if len(close) == 2 else 'cheapest'} to compute {whom}"
    if cost is not None:
        cheap += f", at {nanoseconds(cost)} ns an element forward and backward"
    return f"which has the best score and is {cheap}" if chosen == verdict.leader else cheap


def remarks(study: Study, verdict: Verdict) -> list[str]:
    """What a careful reader should know besides, each in a sentence."""
    scale = Scale.of(study, verdict)
    lines = (*verdict.standings, verdict.baseline)
    said = [_on_reach(verdict, scale), _on_margin(verdict, scale)]
    # A linear model that does as well matters more than anything else here.
    said.insert(0 if verdict.linear_does_as_well else 2, _on_linear(verdict, scale))
    said += [_on_divergence(study, verdict), *_on_edges(study, lines), _on_unfinished(study, lines)]
    notes = ((s.label, study.functions[s.label].get("note")) for s in lines)
    said += [f"{label}: {note}" for label, note in notes if note]
    return [sentence for sentence in said if sentence]


_WITHOUT = {BASELINE: "", NO_FUNCTION: "without activation functions "}
_EARN = {BASELINE: "hidden layers", NO_FUNCTION: "activation functions"}


def _on_linear(verdict: Verdict, scale: Scale) -> str:
    base = verdict.baseline
    if base.status == "diverged":
        return f"{_the(base)} diverged, so there is no baseline to compare with."
    if base.score is None or base.difference_interval is None or verdict.leader is None:
        return ""
    found = (
        f"({scale.amount(base.score)}{scale.unit}; its difference from {verdict.leader} is "
        f"{scale.gap(scale.interval(base.difference_interval, signed=True))})"
    )
    if _beats_leader(base, verdict):
        return (
            f"{_a(base)}, with no activation function at all, does better {found}: on these "
            "data the activation function is not the problem"
            + (", and no hidden layer is needed." if base.label != NO_FUNCTION else ".")
        )
    if base.status == "equivalent":
        return (
            f"{_a(base)}, with no activation function at all, is within the margin of the best "
            f"{found}: on these data the activation function is not the problem."
        )
    if verdict.linear_does_as_well:
        return (
            f"{_a(base)}, with no activation function at all, cannot be told from the best "
            f"{found}: on these data no activation function is shown to help."
        )
    small, large = sorted(abs(end) for end in base.difference_interval)
    return (
        f"{_a(base)} {_WITHOUT[base.label]}is worse than {verdict.leader} by "
        f"{scale.gap(scale.interval((small, large)))}, so the {_EARN[base.label]} earn their place."
    )


def _on_reach(verdict: Verdict, scale: Scale) -> str:
    if verdict.sees is None:
        return ""
    said = (
        f"A true difference of {scale.gap(scale.amount(verdict.sees))} from the best would "
        "have been found with a chance of about 80%; smaller ones may exist"
    )
    open_ends = any(s.status == "tied" for s in verdict.standings)
    if verdict.margin is not None and open_ends and verdict.sees > verdict.margin:
        said += ", and more splits (--seeds) or more rows would be needed to settle the margin"
    return f"{said}."


def _on_margin(verdict: Verdict, scale: Scale) -> str:
    if verdict.margin is None:
        return ""
    return (
        f"By the margin given, differences of less than {scale.margin(verdict.margin)} do not "
        "matter."
    )


def _on_divergence(study: Study, verdict: Verdict) -> str:
    lost = [s for s in verdict.standings if s.status == "diverged"]
    if not lost:
        return ""
    each = [f"{s.label} ({s.diverged} of {final_runs(study, s)} final runs)" for s in lost]
    return (
        f"{listed(each)} diverged, which means that the loss was no longer a finite number, and "
        f"{'is' if len(lost) == 1 else 'are'} not ranked."
    )


def _on_edges(study: Study, lines: Sequence[Standing]) -> list[str]:
    """Candidates that would mostly have gone beyond the grid of learning rates."""
    lowest, highest = study.plan.rates[0], study.plan.rates[-1]
    if lowest == highest:
        return []
    said = []
    for edge, word in ((lowest, "lowest"), (highest, "highest")):
        at_edge = [
            called(s.label)
            for s in lines
            if s.status != "diverged" and sum(r == edge for r in s.rates) > 0.5 * len(s.rates)
        ]
        if at_edge:
            said.append(
                f"In most splits the {word} learning rate of the grid ({edge:g}) was chosen for "
                f"{listed(at_edge)}; a wider grid (--rates) might do better."
            )
    return said


def _on_unfinished(study: Study, lines: Sequence[Standing]) -> str:
    late = [
        f"{called(s.label)} ({s.unfinished} of {final_runs(study, s)} runs)"
        for s in lines
        if s.status != "diverged" and s.unfinished > 0.25 * final_runs(study, s)
    ]
    return (
        f"Still improving at the last training step: {listed(late)}; longer training might help."
        if late
        else ""
    )


def called(label: str) -> str:
    if label == NO_FUNCTION:
        return f"the network with {label}"
    return f"the {label}" if label in BASELINES else label


def _the(base: Standing) -> str:
    words = called(base.label)
    return f"{words[0].upper()}{words[1:]}"


def _a(base: Standing) -> str:
    return "The same network" if base.label == NO_FUNCTION else "A linear model"
