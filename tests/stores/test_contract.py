"""The contract suite itself: it has to fail where a store breaks a promise."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict

import pytest

from flask_sessionplus.stores.base import OwnerIndex, Purgeable
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


STORY = "test_any_story_is_that_of_a_dict"

#: What is wrong with each of the stores in `flawed.py`, and claims that must not be met by it.
FLAWS = {
    "KeepsValues": {
        *(STORY, "test_deleted_values_are_gone", "test_a_restart_forgets_large_values"),
        *("test_a_large_value_is_removed", "test_nothing_is_left_of_what_went"),
        *("test_purging_removes_large_values", "test_deleted_large_values_never_return"),
    },
    "ServesOldValues": {
        *(STORY, "test_a_large_value_is_replaced", "test_an_old_view_fetches_what_is_there_now"),
    },
    "ComparesSizes": {STORY, "test_a_large_value_is_expected", "test_a_large_value_is_set_once"},
    "MovesWithoutValues": {
        *(STORY, "test_large_values_move_along", "test_a_move_loses_no_large_value"),
    },
    "SharesValues": {STORY, "test_what_is_unknown_is_not_fetched"},
    "FoldsNames": {STORY, "test_odd_names_are_told_apart"},
    "TearsValues": {"test_a_reader_gets_whole_values"},
    "Revives": {
        *(STORY, "test_a_deleted_record_is_never_revived", "test_deleted_values_are_gone"),
        *("test_a_revoked_session_is_not_revived", "test_a_revocation_wins"),
    },
    "ForgetsMovedOwners": {
        *(STORY, "test_a_moved_session_is_listed_once", "test_a_sign_in_is_found"),
        # A revocation that loses is found too, but only if it meets a move on its way.
        "test_parallel_sign_ins_are_all_found",
    },
    "KeepsFormerOwners": {STORY, "test_a_change_of_owner_is_followed"},
    "FoldsOwners": {STORY, "test_owners_are_told_apart"},
    "SparesNobody": {STORY, "test_some_are_spared"},
    "ListsTheOldestFirst": {STORY, "test_the_one_seen_last_comes_first"},
    "EndsWhatIsListed": {"test_a_revocation_wins"},
    "BrowsesByNumber": {"test_it_is_met_while_others_come_and_go"},
    "PagesByUse": {
        *("test_who_stays_is_met_while_others_come_and_go", "test_only_what_lives_is_found"),
        *("test_what_expires_in_between_is_left_out", "test_what_is_no_cursor_is_refused"),
    },
    "FindsWhereItWas": {STORY, "test_it_is_found_where_it_has_moved"},
    "FindsTheExpired": {STORY, "test_the_expired_are_not_found"},
    "FindsTheNext": {STORY, "test_half_a_sid_is_enough", "test_neighbours_are_told_apart"},
    "ClearsWithoutOwners": {"test_all_kinds_are_removed", "test_requests_under_way_find_nothing"},
    "ClearsRecordsOnly": {"test_all_kinds_are_removed", "test_clearing_removes_large_values"},
    "ClearsWhatIsListed": {"test_nobody_escapes"},
    "ClearsAndForgets": {"test_requests_under_way_find_nothing"},
    "PurgesRecordsOnly": {STORY, "test_purging_removes_large_values"},
    "ClosesForGood": {STORY, "test_a_closed_store_opens_again"},
}


def run(file, folder, *options):
    """Run the contract on the stores in *file*; return which claims failed and passed, by store."""
    report = folder / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", f"tests/stores/{file}", f"--junitxml={report}"),
            *("-q", "--tb=no", "-o", f"cache_dir={folder}", *options),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    results = defaultdict(lambda: (set(), set()))
    for case in ET.parse(report).iter("testcase"):
        failed, passed = results[case.get("classname").rpartition(".Test")[2]]
        name = case.get("name").partition("[")[0]
        (passed if case.find("failure") is None else failed).add(name)
    return results


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Return what the stores in `broken.py` fail and pass."""
    # Hypothesis would take its time to make the failing examples small.
    return run("broken.py", tmp_path_factory.mktemp("c"), "-k", "not merge_says and not any_story")


@pytest.fixture(scope="module")
def flawed(tmp_path_factory):
    """Return what the stores in `flawed.py` fail and pass."""
    quickly = ("-p", "tests.stores.quickly", "--hypothesis-profile=quickly")
    unrelated = ("-k", "not merge_says and not anything")
    return run("flawed.py", tmp_path_factory.mktemp("c"), *quickly, *unrelated)


@pytest.mark.parametrize("store", FLAWS)
def test_each_flaw_is_found(flawed, store):
    """Whatever is wrong with a store, the claims about that say so; most stories do as well."""
    failed, _ = flawed[store]

    assert failed >= FLAWS[store]


def test_the_flaws_are_all_that_is_wrong(flawed):
    """The store that was spoiled meets every claim, so it is the flaws that fail."""
    failed, passed = flawed["GoodStore"]

    assert failed == set()
    assert len(passed) > 120
    assert flawed.keys() == {"GoodStore", *FLAWS}


def test_a_store_that_writes_over_is_refused(failures):
    """Load whole, save whole: the contract shows that keys and counts are lost."""
    failed, _ = failures["BlobStore"]

    assert failed >= LOST_KEYS


def test_a_store_that_recreates_is_refused(failures):
    """Insert or update: the contract shows that the destroyed come back."""
    failed, _ = failures["UpsertStore"]

    assert failed >= REVIVED


def test_it_is_their_flaw_that_fails(failures):
    """Nothing else about these stores is wrong: each passes what the other one fails."""
    blob, upsert = failures["BlobStore"], failures["UpsertStore"]

    assert blob[1] >= {"test_signing_out_wins", "test_processes_never_revive_what_was_deleted"}
    assert upsert[1] >= {"test_a_counter_is_exact", "test_processes_never_lose_distinct_keys"}
    assert blob[1] & upsert[1] >= {"test_create_is_exclusive", "test_anything_comes_back"}


def test_claims_are_left_out_where_they_make_no_sense():
    """What a store does not offer it has no claims about, not even skipped ones."""

    class Alone(StoreContract):
        shared = False

    class Shared(StoreContract):
        pass

    assert Alone.test_processes_count_exactly is None
    assert Shared.test_processes_count_exactly is not None
    assert Shared.test_a_damaged_record_is_a_fault is None
    assert Shared.test_each_value_is_there_once is None
    assert Shared.test_owners_are_told_apart is None
    assert Shared.test_every_session_is_met is None
    assert Shared.test_only_the_expired_go is None
    assert Shared.test_create_is_exclusive is not None


def test_claims_come_back_with_the_power():
    """A subclass that offers more than its base has the claims about that."""

    class Base(StoreContract):
        shared = False

    class Able(Base):
        powers = (OwnerIndex, Purgeable)

        def count_beside(self, store):
            return 0

    assert Base.test_owners_are_told_apart is None
    assert Able.test_owners_are_told_apart is not None
    assert Able.test_purging_leaves_the_living_listed is not None
    assert Able.test_purging_removes_large_values is not None
    assert Able.test_every_session_is_met is None
    assert Able.test_processes_count_exactly is None


def test_a_forgotten_power_is_told():
    """A store that can do more than its test says fails one claim, which tells the remedy."""

    class Forgetful(StoreContract):
        powers = (Purgeable,)

    with pytest.raises(AssertionError, match="powers"):
        Forgetful().test_powers_are_declared(MemoryStore())


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
