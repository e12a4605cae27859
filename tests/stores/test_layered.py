"""The layered store: the contract, and what is special about it."""

from __future__ import annotations

import os
from functools import partial
from itertools import pairwise

import pytest

from flask_sessionplus import clock as time_source
from flask_sessionplus.errors import ConfigError, StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Browsable, Miss, OwnerIndex
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.layered import layered
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.workers import Workers
from tests.stores.hooked import Hooked
from tests.stores.records import load, new_sid, put, save


def open_layers(folder, front):
    """Open one of these fronts over SQLite."""
    fronts = {"memory": MemoryStore, "file": lambda: FileStore(folder / "front")}
    back = FileStore(folder / "back")
    return layered(fronts[front](), back)


class TestMemoryInFront(StoreContract):
    """Each process's memory in front of SQLite."""

    powers = (OwnerIndex, Browsable)
    shared = False

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same database again."""
        return partial(open_layers, tmp_path, "memory")


@pytest.mark.torture
class TestMemoriesInFront(TestMemoryInFront):
    """Several of them at once."""

    shared = True


# What one has just written the others see after a second: that is stated, and tested below.
TestMemoriesInFront.test_any_story_is_that_of_a_dict = None


@pytest.mark.slow
class TestSharedFront(StoreContract):
    """A store that all processes share in front of SQLite."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder and database again."""
        return partial(open_layers, tmp_path, "file")


class Layers:
    """Two processes' stores on one back: each with its own front, or with one for both."""

    def __init__(self, front, folder):
        self.back = Hooked(FileStore(folder / "back"))
        self.fronts = [Hooked(front()) for _ in range(2)]
        if self.fronts[0].is_shared:
            self.fronts[1] = self.fronts[0]
        self.here, self.there = [self._open(each) for each in self.fronts]

    def _open(self, front):
        return layered(front if front.is_shared else lambda: front, self.back)


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture(params=["memory", "shared"])
def layers(request, tmp_path, clock):
    """Return layers of either kind."""
    front = MemoryStore if request.param == "memory" else lambda: FileStore(tmp_path / "front")
    return Layers(front, tmp_path)


def test_the_front_answers(layers):
    """What was read a moment ago is read again without the back, and is the same."""
    sid = put(layers.here, {"a": b"1", "large": b"L" * 20_000}, owner="ada")
    first = load(layers.here, sid)
    asked = layers.back.calls["load"]

    assert [load(layers.here, sid) for _ in range(3)] == [first] * 3
    assert layers.back.calls["load"] == asked


def test_a_copy_ends_after_its_time(layers, clock):
    """A change that no one has told the front of is seen after `max_age`, and not before."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.here, sid)
    save(layers.back, sid, seen, Changes({"a": b"2"}))
    clock.advance((layers.here.max_age - 1) / 1000)
    assert load(layers.here, sid).values == {"a": b"1"}
    clock.advance(0.001)

    assert load(layers.here, sid).values == {"a": b"2"}


@pytest.mark.parametrize("end", ["delete", "expire", "move"])
def test_a_copy_does_not_outlive_its_session(layers, clock, end):
    """However a session ends, in another process too, it is dead here within a second."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.here, sid)
    if end == "delete":
        layers.there.delete(sid)
    elif end == "expire":
        layers.there.apply(sid, seen, Changes(expires_at=clock.now()))
    else:
        layers.there.apply(sid, seen, Changes(move_to=new_sid()))
    if not layers.fronts[0].is_shared:
        clock.advance(1)

    assert isinstance(layers.here.load(sid), Miss)


def test_own_changes_are_seen_at_once(layers):
    """Whoever has written reads what he has written."""
    sid = put(layers.here)
    for number in range(5):
        save(layers.here, sid, load(layers.here, sid), Changes({"n": b"%d" % number}))

        assert load(layers.here, sid).values == {"n": b"%d" % number}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("change", ["apply", "delete"])
def test_a_slow_reader_puts_nothing_old_in_front(layers, moment, change):
    """Who has read before a change and comes to the front after it leaves no old copy there."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.back, sid)

    def interfere():
        if change == "delete":
            layers.here.delete(sid)
        else:
            save(layers.here, sid, seen, Changes({"a": b"2"}))

    if moment == "after":
        layers.back.after["load"] = interfere
    else:
        layers.fronts[0].before["create"] = interfere
    assert load(layers.here, sid).values == {"a": b"1"}

    if change == "delete":
        assert layers.here.load(sid) is Miss.UNKNOWN
    else:
        assert load(layers.here, sid).values == {"a": b"2"}


def test_a_very_slow_reader_leaves_no_copy(layers, clock):
    """Who took longer than a block may last does not even try."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.back, sid)

    def interfere():
        save(layers.here, sid, seen, Changes({"a": b"2"}))
        clock.advance(6)

    layers.back.after["load"] = interfere
    load(layers.here, sid)

    assert load(layers.here, sid).values == {"a": b"2"}


def test_a_block_is_never_taken_away(layers, clock):
    """Two who write at once: at no moment can a third one put an older copy in front."""
    sid = put(layers.here, {"a": b"1"}, owner="ada")
    seen = load(layers.here, sid)
    old = load(layers.back, sid)

    def sign_out_and_fill():
        layers.here.delete(sid)
        layers.here._take_copy(sid, old, time_source.now())

    # In the middle of the other one's block, after it has seen what it wants to replace.
    layers.fronts[0].after["load"] = sign_out_and_fill
    layers.here._block(sid, 10)
    clock.advance(0.02)
    layers.here._take_copy(sid, old, time_source.now())

    assert seen == old
    assert layers.here.load(sid) is Miss.UNKNOWN


def test_signing_out_with_the_old_sid_ends_the_copy(layers):
    """A session that has moved, and is deleted under its old sid, is dead under the new one."""
    sids = [put(layers.here, {"a": b"1"}), new_sid(), new_sid()]
    for sid, target in pairwise(sids):
        save(layers.here, sid, load(layers.here, sid), Changes(move_to=target))
    load(layers.here, sids[-1])
    assert layers.here.delete(sids[0])

    assert layers.here.load(sids[-1]) is Miss.UNKNOWN


def test_all_copies_of_an_owner_end(tmp_path, clock):
    """`delete_owned` ends the copies in the front, but for those that are spared."""
    store = layered(FileStore(tmp_path / "front"), FileStore(tmp_path / "back"))
    sids = [put(store, {"a": b"1"}, owner="ada") for _ in range(3)]
    for sid in sids:
        load(store, sid)
    assert store.delete_owned("ada", [sids[0]]) == 2

    assert [store.load(sid) for sid in sids[1:]] == [Miss.UNKNOWN] * 2
    assert load(store, sids[0]).values == {"a": b"1"}


def test_the_front_lists_nobody(tmp_path, clock):
    """Copies have no owner in the front's own eyes, so none is listed twice."""
    front = FileStore(tmp_path / "front")
    store = layered(front, FileStore(tmp_path / "back"))
    sid = put(store, owner="ada")
    load(store, sid)

    assert front.owned("ada") == []
    assert store.owned("ada") == [(sid, load(store, sid))]


def test_without_the_front_all_goes_on(layers, caplog):
    """A front that fails costs nobody his session: it is told once, and done without."""
    layers.fronts[0].fails = {"load", "create", "apply", "delete"}
    sid = put(layers.here, {"a": b"1"})
    for number in range(3):
        save(layers.here, sid, load(layers.here, sid), Changes({"a": b"%d" % number}))

    assert load(layers.here, sid).values == {"a": b"2"}
    assert layers.here.delete(sid)
    assert layers.here.load(sid) is Miss.UNKNOWN
    assert len(caplog.records) == 1


def test_a_front_that_was_not_told_is_not_trusted(layers, clock):
    """If the front could not be told of an end, this process leaves it out until it has."""
    sid = put(layers.here, {"a": b"1"})
    load(layers.here, sid)
    layers.fronts[0].fails = {"apply", "create"}
    layers.here.delete(sid)
    layers.fronts[0].fails = set()

    assert layers.here.load(sid) is Miss.UNKNOWN
    clock.advance(layers.here.max_age / 1000)
    assert layers.here.load(sid) is Miss.UNKNOWN


def test_an_unsure_write_is_told_too(layers):
    """A write that may or may not have been done leaves no copy of before."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.here, sid)
    layers.back.after["apply"] = _raise_unavailable
    with pytest.raises(StoreUnavailable):
        layers.here.apply(sid, seen, Changes({"a": b"2"}))

    assert load(layers.here, sid).values == {"a": b"2"}


def test_faults_of_the_back_are_raised(layers):
    """What only the back knows is no miss while it does not answer."""
    sid = put(layers.here, {"a": b"1"})
    seen = load(layers.back, sid)
    layers.back.fails = {"load", "create", "apply", "delete"}

    with pytest.raises(StoreUnavailable):
        layers.here.load(sid)
    with pytest.raises(StoreUnavailable):
        layers.here.apply(sid, seen, Changes({"a": b"2"}))
    with pytest.raises(StoreUnavailable):
        layers.here.delete(sid)


def test_a_front_in_memory_stays_small(tmp_path, clock):
    """Visitors who come once leave nothing in memory for longer than `max_age`."""
    store = layered(MemoryStore, FileStore(tmp_path))
    for _ in range(400):
        load(store, put(store))
        clock.advance(0.1)

    assert len(store.parts[0]._records) < 40


@pytest.mark.slow
def test_a_child_begins_with_an_empty_front(tmp_path):
    """After a fork a process has a front of its own, and sees what the others write."""
    workers = Workers(1)
    try:
        assert workers.run(use_in_a_child, tmp_path) == [0]
    finally:
        workers.close()


def use_in_a_child(worker, folder):
    """Read a session, fork, change it, and read it in the child; return how that ended."""
    store = layered(MemoryStore, FileStore(folder))
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            FileStore(folder).apply(sid, seen, Changes({"a": b"2"}))
            assert load(store, sid).values == {"a": b"2"}
            # It is in use, not only done without.
            assert isinstance(store.parts[0].load(sid), Record)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_process_s_own_front_has_to_be_made(tmp_path):
    """A store of one process that was made already cannot be made anew after a fork."""
    with pytest.raises(ConfigError, match="a function that makes one"):
        layered(Hooked(MemoryStore()), FileStore(tmp_path))


def _raise_unavailable():
    raise StoreUnavailable("The answer was lost. Look whether it was done.")
