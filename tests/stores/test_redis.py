"""The Redis store on one server, by a URL and by ready clients."""

from __future__ import annotations

from functools import partial

import pytest
import redis

from flask_sessionplus.codec import Codec
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing import StoreContract
from flask_sessionplus.testing.contract.applying import ApplyClaims
from flask_sessionplus.testing.contract.beside import BesideClaims
from flask_sessionplus.testing.contract.browsing import BrowseClaims
from flask_sessionplus.testing.contract.keeping import KeepClaims
from flask_sessionplus.testing.contract.moving import MoveClaims
from flask_sessionplus.testing.contract.owners import OwnerClaims
from tests.stores.records import put
from tests.stores.redisclaims import RedisClaims, RedisHooks

pytestmark = pytest.mark.slow

EVERYDAY = {
    "user_id": 104_711,
    "name": "Ada Lovelace",
    "role": "customer",
    "csrf_token": "0123456789abcdef0123456789abcdef01234567",
    "cart": [{"sku": f"KB-440{number}", "count": number} for number in range(3)],
}


class TestRedis(RedisClaims, StoreContract):
    """Records in a Redis that a URL names."""

    @pytest.fixture
    def opener(self, redis_url, fresh_name):
        """Open a store whose keys begin with a name of this test's own; they are removed."""
        opener = partial(RedisStore, redis_url, f"{fresh_name}:")
        yield opener
        self.clean(opener())

    def test_the_everyday_session_is_small(self, redis_url, clock):
        """A shop's visitor takes at most 400 bytes, with key and all that Redis adds."""
        store, codec = RedisStore(redis_url), Codec()
        sid = put(store, {name: codec.encode(value) for name, value in EVERYDAY.items()})
        used = store._link.ask("MEMORY", "USAGE", store._keys.record(sid))
        store.delete(sid)

        assert used <= 400


@pytest.mark.torture
class TestRedisTorture(TestRedis):
    """The same, for much longer."""

    scale = 20


def by_client(make, url, prefix):
    """Open a store by a client that *make* makes, as an app would."""
    return RedisStore(make(url), prefix)


class TestReadyClient(RedisHooks, StoreContract):
    """Records in a Redis that a client of the app's own talks to."""

    make = redis.Redis.from_url

    @pytest.fixture
    def opener(self, redis_url, fresh_name):
        """Open a store by a client of its own."""
        opener = partial(by_client, type(self).make, redis_url, f"{fresh_name}:")
        yield opener
        self.clean(opener())


def newer_protocol(url):
    """Return a client that speaks RESP3."""
    return redis.Redis.from_url(url, protocol=3)


class OtherClient(
    *(RedisClaims, KeepClaims, ApplyClaims, MoveClaims, BesideClaims, OwnerClaims, BrowseClaims)
):
    """What may depend on the client: what it makes of answers."""

    @pytest.fixture
    def opener(self, redis_url, fresh_name):
        """Open a store by a client of its own."""
        opener = partial(by_client, type(self).make, redis_url, f"{fresh_name}:")
        yield opener
        self.clean(opener())


class TestNewerProtocol(OtherClient):
    """A client that speaks the newer protocol, in which some answers look otherwise."""

    make = newer_protocol


def valkey_client(url):
    """Return a client of valkey-py."""
    from valkey import Valkey

    return Valkey.from_url(url)


class TestValkeyClient(OtherClient):
    """A client of valkey-py."""

    make = valkey_client
