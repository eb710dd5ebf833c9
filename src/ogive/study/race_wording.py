"""The race in plain sentences: who was stopped and why, why the study ended, what to do next."""

from __future__ import annotations

from ogive.study.plan import BASELINE, MOST_SPLITS
from ogive.study.race import OUTLOOK, Exit
from ogive.study.record import Study
from ogive.study.verdict import Verdict
from ogive.study.wording import NAMED_TIES, Scale, called, counted, duration, listed

TOLD_STOPS = 3  # more are named without the reason of each


def why(study: Study, verdict: Verdict, left: Exit) -> str:
    """Why a candidate was stopped, as a clause after its name and "was stopped after n splits"."""
    if left.reason == "diverged":
        return "it had diverged, and would not have been ranked"
    assert left.interval is not None
    scale = Scale.of(study, verdict)
    small, large = sorted(abs(end) for end in left.interval)
    beyond = "" if study.plan.margin is None else ", which is more than the margin"
    return f"{left.against} was better by {scale.gap(scale.interval((small, large)))}{beyond}"


def stops(study: Study, verdict: Verdict) -> list[str]:
    """A sentence for each candidate that did not run to the end, in the order they left."""
    early = [e for e in verdict.race.exits if e.splits < verdict.race.splits]
    return [
        f"{sentence_case(called(e.label))} was stopped after {counted(e.splits, 'split')}: "
        f"{why(study, verdict, e)}."
        for e in sorted(early, key=lambda e: e.splits)
    ]


def race_remarks(study: Study, verdict: Verdict) -> list[str]:
    """The race in a few sentences, and what is open."""
    question = open_question(verdict)
    return [*story(study, verdict), question] if question else story(study, verdict)


def story(study: Study, verdict: Verdict) -> list[str]:
    """The race in a few sentences: why the study ended, and who was stopped."""
    early = [e for e in verdict.race.exits if e.splits < verdict.race.splits]
    told = stops(study, verdict)
    if len(told) > TOLD_STOPS:
        rounds = sorted({e.splits for e in early})
        told = [
            f"Stopped after {counted(splits, 'split')}: "
            f"{listed([called(e.label) for e in early if e.splits == splits])}."
            for splits in rounds
        ]
    return [sentence for sentence in (ending(study, verdict), *told) if sentence]


def sentence_case(words: str) -> str:
    """``the linear model`` at the start of a sentence; a candidate's own name is left as it is."""
    return "The linear model" if words == f"the {BASELINE}" else words


def ending(study: Study, verdict: Verdict) -> str:
    """Why the study ended when it did; empty where nothing was raced."""
    plan, race = study.plan, verdict.race
    if not plan.looks:
        return ""
    after = f"The study ended after {counted(race.splits, 'split')}"
    planned = plan.splits if plan.allowance is None else None
    of = f" of at most {planned}" if planned and race.splits < planned else ""
    return {
        "won": f"{after}{of}, since one candidate alone was left.",
        "bounded": f"{after}{of}, since every candidate left was shown to be within the margin.",
        "outlook": f"{after}{of}: going on would have told any of the tie from the best with a "
        f"chance of {_percent(race.outlook)} (estimated from the splits so far; "
        f"the limit is {OUTLOOK:.0%}), and would hardly have narrowed the intervals.",
        "budget": f"{after}, since the budget would not have paid for the next round.",
        "splits": f"The study ran all its {counted(race.splits, 'split')}.",
        "diverged": f"{after}{of}, since every candidate had diverged.",
    }[str(race.end)]


def _percent(chance: float | None) -> str:
    return "less than 1%" if not chance or chance < 0.01 else f"about {chance:.0%}"


def _round(number: float) -> str:
    """Two figures are more than such an estimate is worth."""
    return f"{float(f'{number:.2g}'):,g}"


def open_question(verdict: Verdict) -> str:
    """What is undecided and about what it would cost to settle it; empty where nothing is."""
    found = verdict.undecided
    if found is None:
        return ""
    names = listed(found.labels) if len(found.labels) <= NAMED_TIES else f"{len(found.labels)} more"
    within = "" if verdict.margin is None else " by more than the margin"
    said = f"Undecided is whether {names} {'differs' if len(found.labels) == 1 else 'differ'} from "
    said += f"{verdict.leader}{within}. "
    if found.splits is not None and found.seconds is not None:
        return (
            f"{said}If the differences are what they seem, about {found.splits} splits in all "
            f"would settle it, some {duration(found.seconds)} more of training. That is a "
            "rough guide."
        )
    if found.rows is not None:
        return (
            f"{said}No number of splits of these rows would settle it, since all splits share the "
            f"rows; if the differences are what they seem, about {_round(found.rows)} times as "
            "many rows might. That is a rough guide."
        )
    return (
        f"{said}They are so close that neither more splits nor any usual number of rows would "
        "settle it."
    )


def next_step(study: Study, verdict: Verdict) -> str:
    """What to do next, in one paragraph."""
    chosen = verdict.recommended
    if chosen is None:
        return (
            "Choose again with smaller learning rates (--rates), or with other candidates; "
            "`ogive theory` says of a function what it does in a deep network."
        )
    said = []
    if verdict.linear_does_as_well:
        said.append(
            "Use the linear model if it is good enough, since it does as well here; before other "
            "activation functions, try better inputs, more rows or another kind of model."
        )
    if len(study.plan.labels) == 1:
        said.append("Name more candidates to have something to choose between.")
    elif verdict.settled:
        said.append(f"Use {chosen}.")
    else:
        said.append(f"Use {chosen}, which costs least of what may be best.")
    said.append(open_question(verdict))
    found = verdict.undecided
    if found is not None and verdict.margin is None:
        said.append("Say with --margin which difference matters to you, and less may do.")
    elif found is not None and found.splits is not None and found.splits <= MOST_SPLITS:
        said.append(f"`--seeds {found.splits}` in another --store would be such a study.")
    if verdict.stopped and verdict.margin not in (None, study.plan.margin):
        said.append(
            "The race was run without this margin, so stopped candidates may lie within it; "
            "another --store begins anew with the margin."
        )
    if found is None and not verdict.linear_does_as_well:
        said.append(
            "The next gains most likely lie elsewhere: in the width and depth of the network, the "
            "inputs, or more rows."
        )
    return " ".join(part for part in said if part)
