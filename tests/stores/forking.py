"""What worker processes do in the tests of single stores."""

from __future__ import annotations

import os

from flask_sessionplus.errors import StoreError
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing.jobs import count_up
from tests.stores.records import load, new_record, new_sid, put, save


def write_sessions(worker, opener, count):
    """Create, change and read a session again and again; return how many writes were done."""
    worker.meet()
    store = opener()
    sid = put(store)
    seen = load(store, sid)
    for number in range(count):
        outcome, record = store.apply(sid, seen, Changes({"n": b"%d" % number}))
        assert outcome is Outcome.SAVED
        assert load(store, sid) == record
        seen = record
    return count


def begin_together(worker, openers):
    """Use one new place after the other, each at the same moment as the other workers."""
    for opener in openers:
        store = opener()
        worker.meet()
        assert load(store, put(store, {"a": b"1"})).values == {"a": b"1"}
        store.close()


def use_in_children(worker, opener):
    """Use a store, fork, and use it on both sides; return the keys that were set."""
    store = opener()
    sid = put(store)
    seen = load(store, sid)
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            _use(store, sid, seen, f"child {number}")
        children.append(child)
        for _ in range(20):
            load(store, sid)
    save(store, sid, seen, Changes({"parent": b"1"}))
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    for _ in range(20):
        save(store, sid, seen, Changes({"parent": b"1"}))
    return sorted(load(store, sid).values)


def _use(store, sid, seen, name):
    """Be a child: write, read, and end without any farewell, or with the usual one."""
    code = 1
    try:
        for _ in range(20):
            seen = save(store, sid, seen, Changes({name: b"1"}))
            assert isinstance(store.load(sid), Record)
        assert store.create(new_sid(), new_record())
        code = 0
    finally:
        os._exit(code)


def count_in_children(worker, opener):
    """Count to fifty in each of three children and in the parent; return the sum."""
    store = opener()
    sid = put(store)
    seen = load(store, sid)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                count_up(store, sid, seen, 50)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    count_up(store, sid, seen, 50)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    return load(store, sid).values["n"]


def use_memory_in_a_child(worker):
    """Use a memory store, fork, and use it in the child; return what it said there."""
    store = MemoryStore()
    sid = put(store)
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            store.load(sid)
            said = "nothing"
        except StoreError as error:
            said = str(error)
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.wait()
    os.close(writing)
    with os.fdopen(reading) as child:
        return child.read()
