"""Who carries out the units: what an engine may do to a study, and what it may not."""

import os
import signal
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest

from clusters import outcome, study
from ogive.errors import BadStudy
from ogive.study import cluster, engine, parcel, versions, work
from ogive.study.engine import carry_out_units, open_engine, workers_of
from ogive.study.parcel import Refused, Ticket, Unread, Work, carry_out_sent
from ogive.study.plan import Unit


class Remote(Executor):
    """Carries out at once, where the driver's files cannot be read."""

    _max_workers = 7

    def __init__(self):
        self.sent = []

    def submit(self, fn, ticket, unit, *content):
        self.sent.append(bool(content))
        elsewhere = Ticket(ticket.digest, ticket.versions, "/nowhere/to/be/found")
        done = Future()
        done.set_result(fn(elsewhere, unit, *content))
        return done


class Dying(Executor):
    """A pool whose workers are gone."""

    def submit(self, fn, *arguments):
        raise BrokenExecutor("a worker died")


@dataclass
class Repeating:
    """An engine that delivers every result twice."""

    delivered: list[str] = field(default_factory=list)

    def workers(self, units):
        return 1

    def carry_out(self, work, units, keep):
        for unit in units:
            for _ in range(2):
                keep(unit, [], 1.0)
                self.delivered.append(unit.id)

    def close(self):
        pass


@pytest.fixture(scope="module")
def undisturbed():
    return outcome("here")


def test_a_result_that_arrives_twice_counts_once():
    twice, kept = Repeating(), []
    units = [Unit("relu", (0,)), Unit("relu", (1,))]
    carry_out_units(None, None, {}, units, twice, lambda unit, runs, s: kept.append(unit.id))
    assert len(twice.delivered) == 4
    assert kept == ["relu/0-0", "relu/1-1"]


def test_threads_of_one_process_and_workers_elsewhere_change_nothing(undisturbed, monkeypatch):
    before = work.torch.get_num_threads()
    with ThreadPoolExecutor(2) as threads:
        assert outcome(threads) == undisturbed
        assert workers_of(threads, 9) == 2
        assert threads.submit(lambda: len(work._in_work)).result() == 0
    assert work.torch.get_num_threads() == before
    remote = Remote()
    monkeypatch.setattr(parcel, "_unpacked", {})
    assert outcome(remote) == undisturbed
    units = len(undisturbed)
    assert remote.sent.count(True) <= units
    assert remote.sent[0] is False
    assert remote.sent[-1] is True
    assert workers_of(remote, 9) == 7


def test_one_thread_is_undone_by_the_last_unit():
    before = work.torch.get_num_threads(), work.threads.available()
    one, two = work.one_thread(), work.one_thread()
    one.__enter__()
    two.__enter__()
    assert (work.torch.get_num_threads(), work.threads.available()) == (1, 1)
    one.__exit__(None, None, None)
    assert work.threads.available() == 1
    two.__exit__(None, None, None)
    assert (work.torch.get_num_threads(), work.threads.available()) == before


@pytest.mark.slow  # four processes load torch
def test_local_processes_stay_for_further_rounds_and_are_replaced_when_lost(undisturbed):
    with closing(open_engine(None)) as run:
        assert open_engine(run) is run
        first = outcome(run)
        assert first == undisturbed
        pool = run._pool
        killed = []

        def disturb(count):
            if not killed:
                killed.append(next(iter(pool._processes)))
                os.kill(killed[0], signal.SIGKILL)

        assert outcome(run, disturb) == undisturbed
        assert killed
        assert run._pool is not pool


def test_an_executor_that_lost_its_workers_is_said():
    with pytest.raises(BadStudy, match=r"lost its workers \(a worker died\).* new executor"):
        outcome(Dying())


def test_a_worker_with_other_versions_is_refused_and_named():
    here = versions.decisive()
    assert set(here) == {"python", *versions.DECISIVE}
    assert versions.difference(here, here) is None
    assert versions.difference({**here, "python": "3.11.99"}, {**here, "python": "3.11.2"}) is None
    for name in here:
        changed = {**here, name: "0.0.1"}
        assert f"{name} 0.0" in str(versions.difference(changed, here))
    assert "torch not at all" in str(versions.difference({**here, "torch": None}, here))
    ticket = Ticket("x", {**here, "torch": "0.0.1"})
    answer = carry_out_sent(ticket, Unit("relu", (0,)))
    assert isinstance(answer, Refused)
    assert "torch" in str(answer)
    unread = carry_out_sent(Ticket("x", here, "/nowhere"), Unit("relu", (0,)))
    assert isinstance(unread, Unread)


def test_an_executor_whose_workers_differ_is_refused(monkeypatch):
    class Other(Remote):
        def submit(self, fn, ticket, unit, *content):
            return super().submit(
                fn, Ticket(ticket.digest, {**ticket.versions, "torch": "9.9"}), unit, *content
            )

    with pytest.raises(BadStudy, match=r"worker \S+ \(process \d+\) was refused.*driver has 9\.9"):
        outcome(Other())


def test_engines_that_are_not_known_or_not_installed_are_refused(monkeypatch):
    for odd in ("fastest", 3, "localhost:8786"):
        with pytest.raises(BadStudy, match=r"the engine .* is not known.*tcp://HOST:PORT"):
            open_engine(odd)
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    for name in ("tcp://127.0.0.1:8786", engine.LOCAL_CLUSTER):
        with pytest.raises(BadStudy, match=r'not installed; install it with: pip install "ogive'):
            open_engine(name)


def test_the_study_travels_by_its_content():
    task, plan, entrants = study()
    assert Work(task, plan, entrants).digest == Work(task, plan, dict(entrants)).digest
    assert Work(task, plan, entrants).digest != Work(task, replace(plan, seed=1), entrants).digest
