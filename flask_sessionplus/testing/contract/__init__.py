"""What every store promises, as tests: one file for each part of the contract."""

from __future__ import annotations

from .applying import ApplyClaims
from .bytes import BytesClaims
from .expiring import ExpiryClaims
from .keeping import KeepClaims
from .moving import MoveClaims
from .parallel import ParallelClaims
from .processes import ProcessClaims
from .purging import PurgeClaims

__all__ = ["StoreContract"]


class StoreContract(
    KeepClaims,
    BytesClaims,
    ApplyClaims,
    ExpiryClaims,
    MoveClaims,
    PurgeClaims,
    ParallelClaims,
    ProcessClaims,
):
    """The tests that a store has to pass, for pytest.

    Whoever writes a store subclasses this, says how to open the store, and runs pytest.
    What a third-party store needs beyond that, it tests below::

        from functools import partial

        import pytest
        from flask_sessionplus.testing import StoreContract
        from my_package import MyStore


        class TestMyStore(StoreContract):
            @pytest.fixture
            def opener(self, tmp_path):
                return partial(MyStore, tmp_path / "sessions")

    The fixture ``opener`` must return a function without parameters that gives a new
    :class:`~flask_sessionplus.stores.base.Store` on one and the same place, empty when the
    test begins. It is called for each test, by several threads, and in other processes,
    which are started anew: so it has to be picklable, such as a class, a function of a
    module, or a ``functools.partial`` of these.

    Attributes to set:

    - ``shared`` (bool, default True): whether all stores that ``opener`` returns see the
      same records, in other processes too. With False, as for a store in memory, the
      claims about several processes are left out.
    - ``scale`` (int, default 1): how often the parallel claims are tried, as a factor. The
      default takes seconds; a store's author should once let it run for hours.

    Methods to override where the store gives a reason to: :meth:`close`, which is given each
    store at the end of its test, and :meth:`damage`, without which the claims about damaged
    records are left out.

    The claims need no waiting: the time is a :class:`~flask_sessionplus.testing.FakeClock`
    in the fixture ``clock``, and a store has to ask :func:`flask_sessionplus.clock.now`. A
    server that forgets expired records by its own clock as well does no harm.
    """
