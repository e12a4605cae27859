"""The contract suite itself: it has to fail where a store breaks a promise."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import StoreContract
from tests.support.processes import ROOT

pytestmark = pytest.mark.slow

LOST_KEYS = {
    "test_keys_of_others_survive",
    "test_keys_that_others_removed_stay_removed",
    "test_what_was_seen_does_not_meet_expectations",
    "test_what_was_removed_is_not_brought_back",
    "test_distinct_keys_are_never_lost",
    "test_removed_keys_stay_removed",
    "test_a_counter_is_exact",
    "test_an_absent_key_is_set_once",
    "test_a_move_loses_nothing",
    "test_processes_never_lose_distinct_keys",
    "test_processes_count_exactly",
    "test_processes_lose_nothing_in_a_move",
}

REVIVED = {
    "test_a_deleted_record_is_not_revived",
    "test_a_missing_record_stays_missing",
    "test_an_expired_record_is_not_extended",
    "test_the_old_sid_cannot_be_written",
    "test_signing_out_wins",
    "test_a_deleted_record_is_never_revived",
    "test_it_moves_to_one_place",
    "test_processes_never_revive_what_was_deleted",
}


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Run the contract on the broken stores; return what failed and what passed, by class."""
    report = tmp_path_factory.mktemp("contract") / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/stores/broken.py", f"--junitxml={report}"),
            *("-q", "--tb=no", "-o", f"cache_dir={report.parent}"),
            # Hypothesis would take its time to make the failing example small.
            *("-k", "not merge_says"),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    results = {"TestBlobStore": (set(), set()), "TestUpsertStore": (set(), set())}
    for case in ET.parse(report).iter("testcase"):
        failed, passed = results[case.get("classname").rpartition(".")[2]]
        (passed if case.find("failure") is None else failed).add(case.get("name"))
    return results


def test_a_store_that_writes_over_is_refused(failures):
    """Load whole, save whole: the contract shows that keys and counts are lost."""
    failed, _ = failures["TestBlobStore"]

    assert failed >= LOST_KEYS


def test_a_store_that_recreates_is_refused(failures):
    """Insert or update: the contract shows that the destroyed come back."""
    failed, _ = failures["TestUpsertStore"]

    assert failed >= REVIVED


def test_it_is_their_flaw_that_fails(failures):
    """Nothing else about these stores is wrong: each passes what the other one fails."""
    blob, upsert = failures["TestBlobStore"], failures["TestUpsertStore"]

    assert blob[1] >= {"test_signing_out_wins", "test_processes_never_revive_what_was_deleted"}
    assert upsert[1] >= {"test_a_counter_is_exact", "test_processes_never_lose_distinct_keys"}
    assert blob[1] & upsert[1] >= {"test_create_is_exclusive", "test_anything_comes_back"}


def test_claims_are_left_out_where_they_make_no_sense():
    """A store that is not shared has no claims about processes, not even skipped ones."""

    class Alone(StoreContract):
        shared = False

    class Shared(StoreContract):
        pass

    assert Alone.test_processes_count_exactly is None
    assert Shared.test_processes_count_exactly is not None


def test_an_author_is_told_what_is_missing():
    """Without `opener` the error says which fixture to write."""
    with pytest.raises(NotImplementedError, match="opener"):
        StoreContract.opener.__wrapped__(StoreContract())


def test_nothing_is_needed_but_an_opener():
    """A class or function that makes a store is all that a subclass has to give."""

    class Plain(StoreContract):
        shared = False

        @pytest.fixture
        def opener(self):
            return MemoryStore

    names = [name for name in dir(Plain) if name.startswith("test_") and getattr(Plain, name)]
    assert len(names) > 80
