"""What every store promises, as tests: one file for each part of the contract."""

from __future__ import annotations

from .applying import ApplyClaims
from .beside import BesideClaims
from .browsing import BrowseClaims
from .bytes import BytesClaims
from .clearing import ClearClaims
from .expiring import ExpiryClaims
from .finding import FindClaims
from .keeping import KeepClaims
from .leasing import LeaseClaims
from .leftovers import LeftoverClaims
from .machine import StoryClaims
from .moving import MoveClaims
from .owners import OwnerClaims
from .paging import PageClaims
from .parallel import ParallelClaims
from .parallelbeside import ParallelBesideClaims
from .processes import ProcessClaims
from .purging import PurgeClaims

__all__ = ["StoreContract"]


class StoreContract(
    KeepClaims,
    BytesClaims,
    ApplyClaims,
    ExpiryClaims,
    LeaseClaims,
    MoveClaims,
    BesideClaims,
    LeftoverClaims,
    PurgeClaims,
    OwnerClaims,
    FindClaims,
    BrowseClaims,
    PageClaims,
    ClearClaims,
    ParallelClaims,
    ParallelBesideClaims,
    ProcessClaims,
    StoryClaims,
):
    """The tests that a store has to pass, for pytest.

    Whoever writes a store subclasses this, says how to open the store, and runs pytest.
    What a third-party store needs beyond that, it tests below::

        from functools import partial

        import pytest
        from flask_sessionplus.stores.base import OwnerIndex, Purgeable
        from flask_sessionplus.testing import StoreContract
        from my_package import MyStore


        class TestMyStore(StoreContract):
            powers = (Purgeable, OwnerIndex)

            @pytest.fixture
            def opener(self, tmp_path):
                return partial(MyStore, tmp_path / "sessions")

    The fixture ``opener`` must return a function without parameters that gives a new
    :class:`~flask_sessionplus.stores.base.Store` on one and the same place, empty when the
    test begins. It is called for each test, by several threads, and in other processes,
    which are started anew: so it has to be picklable, such as a class, a function of a
    module, or a ``functools.partial`` of these.

    Attributes to set:

    - ``powers`` (default: none): which of ``Purgeable``, ``OwnerIndex`` and ``Browsable`` the
      store is. The claims about the others are left out, and one claim says if a power was
      forgotten here.
    - ``shared`` (bool, default True): whether all stores that ``opener`` returns see the
      same records, in other processes too. With False, as for a store in memory, the
      claims about several processes are left out.
    - ``meets_once`` (bool, default True): whether one who goes from page to page meets no session
      twice. With False, as where a server hashes its keys, it has to be at least once.
    - ``scale`` (int, default 1): how often the parallel claims are tried, as a factor. The
      default takes seconds; a store's author should once let it run for hours.

    Methods to override where the store gives a reason to: ``close``, which is given each
    store at the end of its test; ``damage``, without which the claims about damaged
    records are left out; ``count_beside``, without which nobody looks whether large
    values leave something behind.

    One claim lets Hypothesis make up stories of several clients and compares the store with a
    dict: as many as its profile's ``max_examples`` allow, so a profile with more of them makes
    the search longer.

    The claims need no waiting: the time is a :class:`~flask_sessionplus.testing.FakeClock`
    in the fixture ``clock``, and a store has to ask :func:`flask_sessionplus.clock.now`. A
    server that forgets expired records by its own clock as well does no harm.
    """
