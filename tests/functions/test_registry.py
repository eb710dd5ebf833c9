"""Names, aliases, the text form, parameters, pickling and cost."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

import oracles
from ogive.errors import BadParameter, OgiveError, UnknownName
from ogive.functions import Activation, get, names, registry
from ogive.functions.vector import ALONG_AN_AXIS


def test_names_are_sorted_and_hold_both_kinds() -> None:
    assert names() == sorted(names())
    assert {"relu", "elu", "softmax"} <= set(names())


def test_the_families_divide_the_names() -> None:
    parts = [name for family in registry.families() for name in names(family)]
    assert sorted(parts) == names()
    assert {"log_softmax", "softmax", "swiglu", "sparsemax"} <= set(names(ALONG_AN_AXIS))


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"no family 'rectifed'.*rectified"):
        names("rectifed")


@pytest.mark.parametrize(("alias", "name"), registry.aliases().items())
def test_aliases_resolve(alias: str, name: str) -> None:
    assert registry.find(alias) == registry.find(name)


@pytest.mark.parametrize(
    ("written", "name"),
    [("ReLU", "relu"), (" Leaky-ReLU ", "leaky_relu"), ("hard tanh", "hard_tanh")],
)
def test_spelling_is_forgiving(written: str, name: str) -> None:
    assert get(written).name == name


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no function 'sigmod'; the nearest names are sigmoid"):
        get("sigmod")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnknownName, match="named by text, not by int"):
        get(3)  # type: ignore[arg-type]


def test_a_function_along_an_axis_cannot_stand_for_an_elementwise_one() -> None:
    for name in names(ALONG_AN_AXIS):
        with pytest.raises(UnknownName, match="works along an axis"):
            get(name)
    assert registry.find("softmax").name == "softmax"
    with pytest.raises(BadParameter, match="softmax has no parameters"):
        registry.find("softmax:axis=1")


def test_text_and_keyword_are_the_same() -> None:
    assert get("elu:alpha=0.5") == get("elu", alpha=0.5) == get(get("elu"), alpha="0.5")
    assert get("elu", alpha=0.5)(-1e9) == -0.5


@pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)
def test_labels_pickles_and_copies_give_the_function_back(act: Activation) -> None:
    assert get(act.label) == act
    assert pickle.loads(pickle.dumps(act)) == act
    assert copy.deepcopy(act) == act
    assert hash(copy.deepcopy(act)) == hash(act)
    assert repr(act) == f"ogive.get({act.label!r})"


def test_a_label_keeps_every_digit() -> None:
    act = get("elu", alpha=1 / 3)
    assert get(act.label).settings == (1 / 3,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("elu:alpha=-1", "alpha=-1 is out of bounds; it must be at least 0 and at most 1e"),
        ("elu:alpha=nan", "alpha=nan is out of bounds"),
        ("elu:alpha=inf", "alpha=inf is out of bounds"),
        ("elu:alpha=big", "alpha is 'big', which is no number; write for example elu:alpha=1"),
        ("elu:alpha", "'alpha' is no parameter; write it as name=number"),
        ("elu:alpha=", "is no parameter; write it as name=number"),
        ("elu:alpha=1:alpha=2", "gives alpha twice"),
        ("elu:alhpa=1", "elu has no parameter 'alhpa'; it has alpha; the nearest names are alpha"),
        ("relu:alpha=1", "relu has no parameter 'alpha'; it has none"),
        ("hard_tanh:max_val=0", "max_val=0 is out of bounds; it must be more than 0"),
        ("hard_tanh:min_val=1", "it must be at least -1e.06 and at most 0"),
        ("unit_step:at_zero=2", "at least 0 and at most 1"),
    ],
)
def test_wrong_parameters_are_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        get(text)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(BadParameter, match="gives alpha twice"):
        get("elu:alpha=1", alpha=2)


def test_taken_and_malformed_names_are_refused() -> None:
    relu = registry.definition("relu")
    before = names()
    for wrong, sentence in [
        (relu, "'relu' is already the name of relu"),
        (replace(relu, name="ramp", aliases=()), "'ramp' is already the name of relu"),
        (replace(relu, name="fresh", aliases=("swish",)), "'swish' is already the name of silu"),
        (replace(relu, name="softmax", aliases=()), "already the name of softmax"),
        (replace(relu, name="Fresh", aliases=()), "no catalogue name"),
        (replace(relu, name="a=b", aliases=()), "no catalogue name"),
        (replace(relu, name="fresh", aliases=("fresh",)), "gives a name twice"),
    ]:
        with pytest.raises(OgiveError, match=sentence):
            registry.register(wrong)
    assert names() == before
    assert "fresh" not in registry.aliases()


def test_an_entry_outside_the_catalogue_works_but_is_not_held() -> None:
    own = replace(registry.definition("relu"), name="own", aliases=())
    assert own()(2.0) == 2.0
    assert not registry.holds(own)
    assert registry.holds(registry.definition("relu"))


def test_cost_orders_the_functions_sensibly() -> None:
    cost = {name: get(name).operations for name in ("identity", "relu", "elu", "mish", "gelu")}
    assert cost["identity"] < cost["relu"] < cost["elu"]
    assert cost["relu"].transcendental == 0
    assert cost["elu"].transcendental == 2  # expm1 for the value, exp for the slope
    assert cost["mish"].simple > cost["elu"].simple


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda e: e.name)
def test_every_entry_says_what_it_is(entry: registry.Definition) -> None:
    assert entry.summary.endswith(".")
    assert entry.formula
    assert len(str(entry.source)) > 20
    assert entry.family in registry.families()


@pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)
def test_kinks_come_with_their_convention(act: Activation) -> None:
    assert bool(act.facts.kinks) == bool(act.facts.at_kinks)
    for p in act.definition.parameters:
        assert p.meaning


def test_a_definition_over_other_functions_is_refused_in_a_sentence() -> None:
    foreign = replace(registry.definition("relu"), name="foreign", value=lambda x: x.relu())
    with pytest.raises(OgiveError, match="value or slope of foreign calls something"):
        _ = foreign().operations


def test_what_a_user_registered_travels_to_a_process_that_does_not_know_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import cloudpickle

    mine = replace(registry.definition("relu"), name="mine", aliases=(), value=lambda x: 2 * x)
    monkeypatch.setattr(registry, "_entries", {**registry._entries, "mine": mine})
    sent = cloudpickle.dumps(get("mine"))
    monkeypatch.undo()
    assert pickle.loads(sent)(3.0) == 6.0
