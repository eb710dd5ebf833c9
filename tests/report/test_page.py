"""The page: whole, self-contained, escaped, and written without torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ogive.errors import OgiveError
from ogive.report import protocol
from ogive.report.page import fragment, page, write
from ogive.study import wording
from ogive.study.plan import BASELINE
from ogive.study.record import Study
from ogive.study.store import Store
from ogive.study.verdict import Verdict, verdict

Judge = Callable[..., Verdict]

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects elements, attributes and text, and checks that elements nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def values(self, attribute: str) -> list[str | None]:
        return [v for _, k, v in self.attributes if k == attribute]


CASES = (
    "tie", "partial", "all diverged", "one", "fixed", "nasty"
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(studies: dict[str, Study], judge: Judge) -> dict[str, str]:
    return {name: page(studies[name], judge(name)) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_the_page_has_it_all(
    studies: dict[str, Study], judge: Judge, pages: dict[str, str], name: str
) -> None:
    study = studies[name]
    found = judge(name)
    words = Reader(pages[name]).words
    assert wording.recommendation(study, found) in words
    for said in (*wording.remarks(study, found), *study.about["notes"]):
        assert said in words
    for heading, said in protocol.protocol(study, found):
        assert f"{heading} {said}" in words
    for label in (*study.plan.labels, BASELINE):
        assert label in words
    assert protocol.network(study) in words
    assert study.about["output_reason"] in words
    assert study.about["why"] in words
    assert protocol.command(study) in words
    assert "ogive 0.1.0 and torch 2.13" in words


@pytest.mark.parametrize("name", CASES)
def test_the_page_asks_for_nothing_outside(pages: dict[str, str], name: str) -> None:
    html = pages[name]
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)]*)\)", html))
    reader = Reader(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & set(reader.tags)
    assert not reader.values("src")
    assert all(value and value.startswith("#") for value in reader.values("href"))
    assert not [k for _, k, _ in reader.attributes if k.startswith("on")]


@pytest.mark.parametrize("name", CASES)
def test_the_page_can_be_read_aloud(pages: dict[str, str], name: str) -> None:
    reader = Reader(pages[name])
    assert ("html", "lang", "en") in reader.attributes
    assert reader.tags.count("h1") == 1
    heads = [v for tag, k, v in reader.attributes if tag == "th" and k == "scope"]
    assert len(heads) == reader.tags.count("th")
    figures = [v for tag, k, v in reader.attributes if tag == "svg" and k == "aria-label"]
    assert len(figures) == reader.tags.count("svg") == (3 if name == "all diverged" else 5)
    assert all(figures)
    names = reader.values("id")
    assert len(names) == len(set(names))


def test_every_text_from_outside_is_escaped(build: Callable[..., Study]) -> None:
    bad = "<script>alert({})</script>&\"'"
    label = bad.format("label")
    study = build(
        {label: 0.97, "relu": 0.96}, name=bad.format("name"), classes=[bad.format("class"), "b"],
        notes=[bad.format("note")], note=bad.format("remark"), fixed=True,
        given={"data": bad.format("command"), "paired": True},
    )  # fmt: skip
    about = study.about | {
        k: bad.format(k) for k in ("target", "why", "output_unit", "output_reason", "test_origin")
    }
    own = {k: bad.format(k) for k in ("formula", "source")} | {"parameters": {bad.format("p"): 1}}
    functions = {**study.functions, label: {**study.functions[label], **own}}
    versions = {bad.format("package"): bad.format("version")}
    changed = {"about": about, "functions": functions, "versions": versions}
    study = Study(**{**vars(study), **changed})
    found = verdict(study)
    html = page(study, found)
    reader = Reader(html)
    assert "<script" not in html
    said = [
        "name", "class", "note", "remark", "command", "target", "why", "output_unit",
        "output_reason", "test_origin", "formula", "source", "package", "version",
    ]  # fmt: skip
    for each in said:
        assert bad.format(each) in reader.words, f"{each} is missing or garbled"
    assert f"{bad.format('p')} = 1" in reader.words
    # In a figure a long label is folded, and its description holds it whole.
    assert any(label in (text or "") for text in reader.values("aria-label"))
    assert reader.words.count("<script>alert(label)") >= 3
    part = fragment(study, found)
    assert "<script" not in part
    assert label in Reader(part).words


def test_the_escape_test_can_fail(
    studies: dict[str, Study], judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ogive.report import page as module

    environment = module.environment()
    monkeypatch.setattr(environment, "autoescape", False)
    environment.cache.clear()
    try:
        assert "<script" in fragment(studies["nasty"], judge("nasty"))
    finally:
        environment.cache.clear()


def test_the_table_marks_group_and_recommendation(pages: dict[str, str]) -> None:
    lines = re.findall(r'<tr class="([^"]*)">\s*<th scope="row">([^<]*)', pages["partial"])
    assert lines == [
        ("in-group recommended", "elu"),
        ("in-group cut", "gelu"),
        ("", "relu"),
        ("cut", "tanh"),
        ("linear", "linear model"),
    ]
    assert "−1.9 (−2.3 to −1.4)" in pages["partial"]


def test_numbers_in_words(pages: dict[str, str]) -> None:
    assert (
        "1,797 rows, 4 candidates and a linear model, 10 splits, 300 trainings, 12 s of training "
        "time." in Reader(pages["tie"]).words
    )
    assert "1,797 rows and 359 fixed test rows" in Reader(pages["fixed"]).words


def test_protocol_words_follow_the_plan(
    studies: dict[str, Study], judge: Judge, build: Callable[..., Study]
) -> None:
    free = dict(protocol.protocol(studies["tie"], judge("tie")))
    assert "a fifth of the 1,797 rows is held out" in free["Splits"]
    assert "Nadeau and Y. Bengio" in free["Intervals"]
    assert "ρ = 0.25 test rows" in free["Intervals"]
    assert "bootstrap" not in free["Intervals"]
    assert "are paired" in free["Initial weights"]
    fixed = dict(protocol.protocol(studies["fixed"], judge("fixed", 0.01)))
    assert "The test rows are fixed: the rows of new.csv (359 rows)" in fixed["Splits"]
    assert "200 bootstrap resamples" in fixed["Intervals"]
    assert "within the margin stays in it" in fixed["Tie group"]
    one = build({"relu": 0.97}, rates=(0.003,))
    words = dict(protocol.protocol(one, verdict(one)))
    assert words["Learning rates"] == "Every candidate was trained with the learning rate 0.003."
    assert "Which learning rate suits each" not in page(one, verdict(one))


def test_network_counts_its_weights(studies: dict[str, Study]) -> None:
    weights = 65 * 64 + 65 * 64 + 65 * 3
    assert f"{weights:,} weights" in protocol.network(studies["tie"])
    assert f"{65 * 64 + 65 * 64 + 65:,} weights" in protocol.network(studies["rmse"])


def test_the_command_repeats_what_was_asked(build: Callable[..., Study]) -> None:
    given = {
        "data": "my data.csv", "target": "y", "candidates": ["relu", "elu:alpha=0.5"],
        "drop": ["a", "b c"], "group": "who", "test_file": "new.csv", "budget": "5m",
        "rates": [0.001, 0.01], "seed": 0, "paired": True,
    }  # fmt: skip
    study = build({"relu": 0.97, "elu:alpha=0.5": 0.96}, given=given)
    assert protocol.command(study) == (
        "ogive choose 'my data.csv' --target y --candidates relu,elu:alpha=0.5 --drop a "
        "--drop 'b c' --group who --test-file new.csv --budget 5m --rates 0.001,0.01"
    )
    assert protocol.command(build({"relu": 0.97})) == "ogive choose digits"


def test_what_no_command_can_say_is_said_in_python(build: Callable[..., Study]) -> None:
    in_memory = build({"relu": 0.97}, given={"target": "y", "seed": 3, "paired": True})
    assert protocol.command(in_memory) == "ogive.choose(data, target='y', seed=3, paired=True)"
    unpaired = build({"relu": 0.97}, given={"data": "digits", "paired": False})
    assert protocol.command(unpaired) == "ogive.choose('digits', paired=False)"


def test_fragment_is_a_part(studies: dict[str, Study], judge: Judge) -> None:
    study = studies["tie"]
    html = fragment(study, judge("tie"))
    reader = Reader(html)
    assert not {"html", "body", "head", "script"} & set(reader.tags)
    assert wording.recommendation(study, judge("tie")) in reader.words
    assert reader.tags.count("svg") == 1
    rules = re.search(r"<style>(.*)</style>", html, re.S)
    assert rules
    plain = re.sub(r"/\*.*?\*/", "", rules[1])
    selectors = [s.strip() for group in re.findall(r"([^{}]+)\{", plain) for s in group.split(",")]
    assert all(s.startswith(".ogive") for s in selectors), "a rule would reach beyond the fragment"


def test_write_is_whole_or_nothing(
    studies: dict[str, Study], judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = studies["one"]
    found = judge("one")
    path = tmp_path / "r.html"
    assert write(study, found, path) == path
    before = path.read_text(encoding="utf-8")
    assert before == page(study, found)
    assert before.startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OgiveError, match=r"r\.html cannot be written \(No space left on device\)"):
        write(study, found, path)
    assert path.read_text(encoding="utf-8") == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize("name", [".", "missing/r.html", "file/r.html"])
def test_unwritable_paths_give_one_sentence(
    studies: dict[str, Study],
    judge: Judge,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ogive.report.page.page", lambda *_: "<!doctype html>")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OgiveError, match="cannot be written") as caught:
        write(studies["one"], judge("one"), tmp_path / name)
    assert str(tmp_path) in str(caught.value)
    assert "name a file" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_device_is_written_to_not_replaced(
    studies: dict[str, Study], judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ogive.report.page.page", lambda *_: "<!doctype html>")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write(studies["one"], judge("one"), pipe)
    got, _ = reader.communicate(timeout=20)
    assert got.startswith(b"<!doctype html>")
    assert pipe.is_fifo()


def test_a_stored_study_is_reported_without_torch(
    studies: dict[str, Study], judge: Judge, tmp_path: Path
) -> None:
    study = studies["partial"]
    store = Store(tmp_path / "s.sqlite")
    store.begin(study.request, study.plan, study.about, study.functions, study.versions)
    for unit in study.plan.units():
        store.add(unit, [r for r in study.runs if r.label == unit.label], 2.5)
    store.close()
    report = (
        "from ogive.study.store import read_study\n"
        "from ogive.study.verdict import verdict\n"
        "from ogive.report import page, summary\n"
        "study = read_study('s.sqlite')\n"
        "found = verdict(study)\n"
        "page.write(study, found, 'r.html')\n"
        "summary.document(study, found), summary.terminal(study, found)\n"
    )
    loaded = "import sys; print(*sorted({'torch', 'matplotlib.pyplot'} & set(sys.modules)))"

    def modules(code: str) -> str:
        made = subprocess.run(
            [sys.executable, "-c", code + loaded],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return made.stdout.strip()

    assert modules(report) == ""
    assert modules("import torch\n") == "torch", "the check itself is meant to notice torch"
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page(study, judge("partial"))


def test_costs_are_told_where_they_were_measured(studies: dict[str, Study], judge: Judge) -> None:
    timed = Reader(page(studies["timed"], judge("timed")))
    assert judge("timed").recommended == "gelu"
    assert "use gelu, the cheapest to compute of" in timed.words
    assert "at 1.5 ns an element forward and backward." in timed.words
    assert "Times within 25% of the least count as equal" in timed.words
    assert "Cost is in nanoseconds an element" in timed.words
    assert timed.text.count("1.5 ns") == 1
    older = Reader(page(studies["tie"], judge("tie"))).words
    assert "cheapest to compute: the fewest exponentials" in older
    for words in (" ns", "nanoseconds", "Times within"):
        assert words not in older
