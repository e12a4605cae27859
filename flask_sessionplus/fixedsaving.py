"""What is written of a record in a fixed place, as the answer goes out or the app says so."""

from __future__ import annotations

from . import clock
from .fitting import check_changes
from .fixed import FixedLifecycle
from .record import has_content
from .reporter import PATIENCE
from .saving import check_size, save
from .services import Cookie, State
from .tokens import digest


def finish_fixed(life: FixedLifecycle, is_error: bool) -> None:
    """Write what the request has changed, as its answer goes out.

    :param is_error: whether it is the page that tells of an error, such as that of saving.
    """
    if life.has_given_up and is_error:
        return
    try:
        save_fixed(life)
    except BaseException:
        life.has_given_up = True
        raise


def save_fixed(life: FixedLifecycle) -> None:
    """Write what has changed so far."""
    check_changes(life)
    if life.state is State.ALIVE and life.restarts:
        _end(life)
    if life.state is State.NEW:
        _create(life)
    else:
        save(life)


def _end(life: FixedLifecycle) -> None:
    assert life.token is not None
    data, sid = life.data, digest(life.token)
    life.call(life.store.delete, sid)
    life.forget(sid, Cookie.LEAVE)
    # What was put in since then is for the next record.
    life.data = data


def _create(life: FixedLifecycle) -> None:
    sets, _ = life.data.changes()
    if not has_content(sets):
        return
    check_size(life, sets)
    for _ in range(PATIENCE):
        now = clock.now()
        if life.begin(sets, life.lifetimes().first_expiry(now)):
            return
        if life.join():
            save(life)
            return
    raise life.give_up("The global data")
