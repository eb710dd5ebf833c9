"""How a study was made, in plain words and with its own numbers."""

from __future__ import annotations

import itertools
import shlex
import statistics
from collections.abc import Callable
from typing import Any

from ogive.report import model_protocol
from ogive.study.race import NARROWER, OUTLOOK
from ogive.study.race_wording import ending
from ogive.study.record import Study
from ogive.study.verdict import EQUAL_COST, Verdict
from ogive.study.wording import counted, listed


def network(study: Study) -> str:
    """The network that every candidate was put into, in a sentence."""
    plan, about = study.plan, study.about
    if "model" in about:
        return model_protocol.network(study)
    outputs = len(about["classes"]) if about["kind"] == "multiclass" else 1
    sizes = [plan.inputs, *[plan.width] * plan.depth, outputs]
    weights = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    return (
        f"{counted(plan.inputs, 'input')}, {counted(plan.depth, 'hidden layer')} of "
        f"{counted(plan.width, 'unit')}, each followed by the candidate function, and "
        f"{counted(outputs, 'output unit')} with {about['output_unit']}: "
        f"{counted(weights, 'weight')} in all. The linear model has the same output and no "
        "hidden layer."
    )


def protocol(study: Study, verdict: Verdict) -> list[tuple[str, str]]:
    """How the study was made, as (heading, sentences), with this study's numbers."""
    steps: tuple[tuple[str, Callable[[Study, Verdict], str]], ...] = (
        ("Splits", _splits),
        ("Learning rates", _tuning),
        ("Training", _training),
        ("Initial weights", _weights),
        ("Final runs", _finals),
        ("The race", _race),
        ("Intervals", _intervals),
        ("Tie group", _ties),
    )
    return [(heading, make(study, verdict)) for heading, make in steps]


def _splits(study: Study, verdict: Verdict) -> str:
    about, splits = study.about, counted(verdict.race.splits, "split")
    kept = (
        "in whole groups, so that no group is on both sides"
        if about["grouped"]
        else "with the classes in their proportions"
        if about["classes"]
        else "at random"
    )
    rows = f"the {counted(about['rows'], 'row')}"
    if about["test_rows"] is not None:
        return (
            f"The test rows are fixed: {about['test_origin']} "
            f"({counted(about['test_rows'], 'row')}). Each of {splits} "
            f"develops on four fifths of {rows} that remain, drawn {kept}."
        )
    return (
        f"In each of {splits}, a fifth of {rows} is held out as test rows, "
        f"drawn {kept}, and the other rows develop the networks."
    )


def _tuning(study: Study, _: Verdict) -> str:
    plan, about = study.plan, study.about
    fifth = "the latest fifth" if about.get("ordered") else "a fifth"
    held = f"{fifth} of the development rows validates"
    if "model" in about:
        held = model_protocol.validation(about["model"])
    draws = counted(plan.tunings, "draw")
    rates = listed([f"{rate:g}" for rate in plan.rates])
    if len(plan.rates) == 1:
        return f"Every candidate was trained with the learning rate {rates}."
    return (
        f"In each split every candidate tried the same {len(plan.rates)} learning rates ({rates}) "
        f"in {draws} of training and validation rows ({held}), {_rate(study)}"
    )


def _rate(study: Study) -> str:
    plan = study.plan
    if not plan.cuts:
        return "and went on with the rate that had the best mean validation score."
    cuts = listed([str(cut) for cut in plan.cuts])
    return (
        f"of which the worse half, by the mean of the lowest validation loss so far, was given up "
        f"after {cuts} checks until one was left (successive halving: Jamieson and Talwalkar "
        "2016); where several had ended by themselves, the best mean validation score decided."
    )


def _training(study: Study, _: Verdict) -> str:
    plan = study.plan
    rows = round(statistics.median(r.train_rows for r in study.runs))
    check = plan.epochs(plan.evaluate_every, rows)
    rule = model_protocol.training(study) if "model" in study.about else "Adam on"
    unit = "epoch" if f"{check:.2g}" == "1" else "epochs"
    most = plan.epochs(plan.evaluate_every * plan.rungs, rows)
    return (
        f"{rule} batches of {plan.batch_size} rows. The validation loss is taken every "
        f"{counted(plan.evaluate_every, 'step')} ({check:.2g} {unit}); training stops after "
        f"{counted(plan.patience, 'check')} without improvement, at the latest after {most:.3g} "
        "epochs, and the weights with the lowest validation loss are kept. All candidates share "
        "these settings."
    )


def _weights(study: Study, _: Verdict) -> str:
    shared = (
        "Within a split all candidates share the underlying random draws and the order of "
        "batches, so that their differences are paired."
        if study.plan.paired
        else "Within a split each candidate has random draws of its own."
    )
    if "model" in study.about:
        return f"{model_protocol.weights(study)}. {shared}"
    return (
        "Weights are normal with variance gain²/fan-in, where gain = 1/√E[f(z)²] for a standard "
        "normal z: the scale at which each layer of that function keeps the signal's variance at "
        "1. (The first layer's scale follows from the inputs, since no function precedes it.) "
        f"Every candidate has its own gain. {shared}"
    )


def _finals(study: Study, verdict: Verdict) -> str:
    most = verdict.race.splits * study.plan.finals
    fewer = ", but for those that were stopped" if verdict.stopped else ""
    return (
        f"In each split, {counted(study.plan.finals, 'run')} with the chosen rate, from fresh "
        "draws of weights and of training and validation rows, "
        f"{'is' if study.plan.finals == 1 else 'are'} scored on the test rows, which tuning never "
        f"saw. The score of a split is {'that score' if study.plan.finals == 1 else 'their mean'}; "
        f"each candidate has {counted(most, 'final run')} in all{fewer}."
    )


def _race(study: Study, verdict: Verdict) -> str:
    plan, race = study.plan, verdict.race
    if not plan.looks:
        cut = " Only learning rates were given up early, by the same rule for all." * bool(
            plan.cuts
        )
        return f"Every candidate ran through all {counted(race.splits, 'split')}.{cut}"
    m = len(plan.labels) + 1
    margin = ""
    if plan.margin is not None:
        margin = " by more than the margin, or as soon as all others are known to be within it"
    budget = ""
    if plan.allowance is not None:
        budget = (
            f" The budget was turned into {counted(plan.allowance, 'split')} of one candidate when "
            "the study began."
        )
    return (
        f"After {listed([str(look) for look in plan.looks])} splits, and at no other time, a "
        "candidate is stopped if its difference from the best score there lies wholly on the "
        f"worse side{margin}. The 5% chance of error is shared equally by the "
        f"{len(plan.looks)} looks and by all {m * (m - 1) // 2} pairs (the linear model counts), "
        "so that all intervals used hold together in 95% of studies, whenever a study ends: the "
        "truly best candidate is stopped in at most 5% (as far as the corrected t holds). Only "
        "fully trained runs are compared, so learning curves that cross stop nobody. The study "
        f"ends when one candidate is left, or when going on would hardly part the tie (with a "
        f"chance of {OUTLOOK:.0%} at most) nor narrow its intervals (by less than "
        f"{1 - NARROWER:.0%}).{budget} {ending(study, verdict)}"
    )


def _intervals(study: Study, verdict: Verdict) -> str:
    plan, splits = study.plan, verdict.race.splits
    resamples = max((len(r.resampled) for r in study.runs), default=0)
    ratio = (
        "test rows per development row"
        if study.about["test_rows"] is None
        else "(set by simulation, since it is development sets that overlap)"
    )
    extra = (
        f" The variance over {resamples} bootstrap resamples of the fixed test rows is added."
        if resamples
        else ""
    )
    return (
        "95%, for the expected score on new data of a network tuned and trained on a fresh "
        "training set. Splits of the same rows overlap, so the variance of a mean over J = "
        f"{splits} splits is taken as S² (1/J + ρ), with ρ = {plan.holdout_ratio:.3g} {ratio} "
        f"and {splits - 1} degrees of freedom (the corrected "
        "resampled t: C. Nadeau and Y. Bengio, Inference for the generalization error, Machine "
        f"Learning 52, 239-281, 2003).{extra}"
    )


def _ties(study: Study, verdict: Verdict) -> str:
    value = "" if verdict.critical is None else f"{verdict.critical:.2f} standard errors "
    margin = (
        ""
        if verdict.margin is None
        else " A candidate whose whole interval is within the margin stays in it too."
    )
    reach = (
        "by Student's t at the share of the 5% that each look and pair has"
        if study.plan.looks
        else "as far as the largest |t| over all pairs stays in 95% of studies where no candidates "
        "differ"
    )
    looks = " and at all looks" if study.plan.looks else ""
    return (
        f"The intervals of the differences hold for all pairs of candidates{looks} at once: they "
        f"reach {value}to either side, {reach}. A candidate leaves the tie group only if the "
        "interval of its difference from the best score lies wholly on the worse side."
        f"{margin} The recommendation is, of those in the group within one standard error of the "
        "best score (Breiman and others 1984), the function that is cheapest to compute: "
        f"{_cost(study)}"
    )


def _cost(study: Study) -> str:
    counts = (
        "the fewest exponentials and the like, then the fewest simple operations, then the fewest "
        "parameters, then the first name in the alphabet"
    )
    if any("nanoseconds" not in study.functions[label] for label in study.plan.labels):
        return f"{counts}."
    return (
        "the least time an element for its value and for the gradient times its slope, in float32 "
        "on one thread. The times were measured before training on the machine that began the "
        f"study and are stored with it. Times within {EQUAL_COST - 1:.0%} of the least count as "
        f"equal; of those, {counts}."
    )


def command(study: Study) -> str:
    """What makes this study again: a command, or for data in memory a call in Python."""
    given = dict(study.about["given"])
    nameable = all(
        study.functions[label]["catalogued"] and study.functions[label]["function"] == label
        for label in study.plan.labels
    )
    in_python = any(isinstance(value, dict) for value in given.values())
    if "data" not in given or not given["paired"] or not nameable or in_python:
        settings = "".join(f", {k}={_called(v)}" for k, v in given.items() if k != "data")
        data = repr(given["data"]) if "data" in given else "data"
        return f"ogive.choose({data}{settings})"
    words = ["ogive", "choose", *(["--data"] if "model" in given else []), str(given.pop("data"))]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name == "race":
            words.append("--no-race")
        elif name == "drop":
            words += [word for column in value for word in (option, str(column))]
        elif name != "paired" and (name, value) != ("seed", 0):
            words += [option, ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return shlex.join(words)


def _called(value: Any) -> str:
    """A setting in Python; what is no plain value is a dict that holds its name."""
    return str(value["name"]) if isinstance(value, dict) else repr(value)
