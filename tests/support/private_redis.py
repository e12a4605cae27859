"""Redis servers of our own that a test may stop, kill, move slots between and let fail over.

Each is started from Debian's programs in an empty folder, and gone when its block ends.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from tests.support.private_servers import NotInstalled
from tests.support.processes import free_port, hang, stop, wait_until

PROGRAM = "/usr/bin/redis-server"
SLOTS = 16_384
PATIENCE = 30.0

# A cluster or a set of sentinels that notices within a second that somebody is gone.
_NODE_TIMEOUT = 1_000


class Server:
    """One Redis process, which can be started again on the same port with the same data.

    :param folder: its own; holds its log and its data.
    :param options: words for the command line.
    """

    def __init__(self, folder: Path, *options: object, kind: str = "") -> None:
        if not Path(PROGRAM).exists():
            raise NotInstalled(PROGRAM)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.options = options
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if user is not None:
            for place in (self.folder, *self.folder.iterdir()):
                os.chown(place, user.pw_uid, user.pw_gid)
        log = self.folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [str(word) for word in self._command()],
                cwd=self.folder,
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._probe, self._process, log, PATIENCE)

    def send(self, number: int) -> None:
        """Send it a signal, and wait until SIGKILL has ended it, or SIGSTOP stopped it."""
        assert self._process is not None
        if number == signal.SIGSTOP:
            hang(self._process)
            return
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait()

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGCONT)
            stop(self._process, how=signal.SIGKILL)

    def ask(self, *words: object) -> Any:
        """Return its answer to one command, on a connection of its own."""
        options: dict[str, Any] = {"socket_timeout": 5, "decode_responses": True, "protocol": 2}
        with redis.Redis(port=self.port, **options) as client:
            return client.execute_command(*words)

    def _command(self) -> list[object]:
        common = ["--bind", "127.0.0.1", "--port", self.port, "--dir", self.folder]
        if self._kind == "sentinel":
            return [PROGRAM, self.folder / "sentinel.conf", "--sentinel", *common, *self.options]
        return [PROGRAM, *common, "--save", "", *self.options]

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=3) as connection:
            connection.sendall(b"PING\r\n")
            if not connection.recv(64).startswith(b"+PONG"):
                raise ConnectionError("it does not answer PING yet")


@contextmanager
def server(folder: Path, *options: object) -> Iterator[Server]:
    """Run one server."""
    one = Server(folder, *options)
    try:
        one.start()
        yield one
    finally:
        one.stop()


class Cluster:
    """Three masters with a replica each.

    :param nodes: first the masters, then the replicas.
    """

    def __init__(self, nodes: list[Server]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        """Two of the nodes, which know the others."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"redis+cluster://{hosts}"

    def masters(self) -> list[Server]:
        """Return those that are masters now."""
        return [node for node in self.nodes if node.ask("ROLE")[0] == "master"]

    def wait_until_whole(self) -> None:
        """Wait until there are three masters again, each with a replica that follows."""
        wait_for(lambda: all(_roles(node) == (3, 3) for node in self.nodes))
        wait_for(lambda: all("cluster_state:ok" in _info(node) for node in self.nodes))
        wait_for(lambda: all(_is_connected(node) for node in self.nodes))

    def move_slot(self, slot: int, source: Server, target: Server) -> None:
        """Move *slot* with its keys, one key after the other, as an administrator would."""
        self.begin_to_move_slot(slot, source, target)
        self.end_to_move_slot(slot, source, target)

    def end_to_move_slot(self, slot: int, source: Server, target: Server) -> None:
        """Tell everybody that *slot* is *target*'s now."""
        name = target.ask("CLUSTER", "MYID")
        target.ask("CLUSTER", "SETSLOT", slot, "NODE", name)
        for node in (source, *self.masters()):
            # A master that has given its last slot away follows the one who has got it.
            with suppress(redis.ResponseError):
                node.ask("CLUSTER", "SETSLOT", slot, "NODE", name)

    def begin_to_move_slot(self, slot: int, source: Server, target: Server) -> None:
        """Move the keys of *slot*, but do not tell anybody that it is *target*'s now."""
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
        with redis.Redis(port=source.port, socket_timeout=5) as client:
            while keys := client.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
                for key in keys:
                    client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)

    @contextmanager
    def newcomer(self, folder: Path) -> Iterator[Server]:
        """Run one more node, which has joined, and has no slots; it is forgotten afterwards."""
        node = _node(folder)
        try:
            node.start()
            _meet(node, self.nodes[0])
            wait_for(lambda: all(len(_known(each)) == 7 for each in (*self.nodes, node)))
            wait_for(lambda: "cluster_state:ok" in _info(node))
            yield node
        finally:
            name = node.ask("CLUSTER", "MYID")
            node.stop()
            for each in self.nodes:
                each.ask("CLUSTER", "FORGET", name)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a cluster."""
    nodes = [_node(folder / f"node-{number}") for number in range(6)]
    try:
        for node in nodes:
            node.start()
        _join(nodes)
        yield Cluster(nodes)
    finally:
        for node in nodes:
            node.stop()


def _node(folder: Path) -> Server:
    return Server(
        folder,
        *("--cluster-enabled", "yes", "--cluster-port", free_port()),
        *("--cluster-node-timeout", _NODE_TIMEOUT, "--cluster-require-full-coverage", "no"),
        *("--cluster-replica-validity-factor", 0, "--repl-ping-replica-period", 1),
        *("--repl-diskless-sync-delay", 0, "--appendonly", "no"),
    )


def _join(nodes: list[Server]) -> None:
    masters, replicas = nodes[:3], nodes[3:]
    for number, master in enumerate(masters):
        first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
        master.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        master.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for node in nodes[1:]:
        _meet(node, nodes[0])
    wait_for(lambda: all(len(_known(node)) == 6 for node in nodes))
    for master, replica in zip(masters, replicas, strict=True):
        replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
    Cluster(nodes).wait_until_whole()


def _meet(node: Server, other: Server) -> None:
    port = other.options[other.options.index("--cluster-port") + 1]
    node.ask("CLUSTER", "MEET", "127.0.0.1", other.port, port)


def _known(node: Server) -> list[str]:
    answer: Any = node.ask("CLUSTER", "NODES")
    lines = answer.values() if isinstance(answer, dict) else str(answer).splitlines()
    return [str(line) for line in lines if "handshake" not in str(line)]


def _is_connected(node: Server) -> bool:
    role = node.ask("ROLE")
    return (role[0] == "master" and len(role[2]) == 1) or role[3:4] == ["connected"]


def _info(node: Server) -> str:
    return str(node.ask("CLUSTER", "INFO"))


def _roles(node: Server) -> tuple[int, int]:
    known = _known(node)
    return sum("master" in line for line in known), sum("slave" in line for line in known)


class Watched:
    """A master with a replica, and three sentinels that watch them."""

    def __init__(self, servers: list[Server], sentinels: list[Server]) -> None:
        self.servers = servers
        self.sentinels = sentinels

    @property
    def url(self) -> str:
        """The sentinels."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/sessions/0"

    def master(self) -> Server:
        """Return the one that the sentinels name."""
        _, port = self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sessions")
        return next(each for each in self.servers if each.port == int(port))

    def wait_until_whole(self) -> None:
        """Wait until the replica follows the master, and the sentinels agree on who is who."""
        wait_for(self._is_whole)

    def _is_whole(self) -> bool:
        master = self.master()
        (replica,) = (each for each in self.servers if each is not master)
        agreed = {
            tuple(sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sessions"))
            for sentinel in self.sentinels
        }
        roles = [master.ask("ROLE")[0], *replica.ask("ROLE")[:4:3]]
        ready = all(_is_ready(watcher) for watcher in self.sentinels)
        return len(agreed) == 1 and roles == ["master", "slave", "connected"] and ready


@contextmanager
def sentinels(folder: Path) -> Iterator[Watched]:
    """Run a master, a replica and three sentinels.

    The master takes writes only while its replica follows.
    """
    strict = ("--min-replicas-to-write", 1, "--min-replicas-max-lag", 10)
    common = ("--repl-ping-replica-period", 1, "--repl-diskless-sync-delay", 0, *strict)
    servers = [Server(folder / f"server-{number}", *common) for number in range(2)]
    watchers = [Server(folder / f"sentinel-{number}", kind="sentinel") for number in range(3)]
    try:
        for each in servers:
            each.start()
        master, replica = servers
        replica.ask("REPLICAOF", "127.0.0.1", master.port)
        wait_for(lambda: replica.ask("ROLE")[3] == "connected")
        for watcher in watchers:
            (watcher.folder / "sentinel.conf").write_text(_sentinel_conf(master.port))
            watcher.start()
        wait_for(lambda: all(_is_ready(watcher) for watcher in watchers))
        yield Watched(servers, watchers)
    finally:
        for each in (*watchers, *servers):
            each.stop()


def _sentinel_conf(port: int) -> str:
    return (
        f"sentinel monitor sessions 127.0.0.1 {port} 2\n"
        f"sentinel down-after-milliseconds sessions {_NODE_TIMEOUT}\n"
        "sentinel failover-timeout sessions 3000\n"
    )


def _is_ready(watcher: Server) -> bool:
    flat = watcher.ask("SENTINEL", "MASTER", "sessions")
    state = flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2], strict=True))
    return int(state["num-other-sentinels"]) >= 2 and int(state["num-slaves"]) >= 1


def wait_for(condition: Callable[[], object], timeout: float = PATIENCE) -> None:
    """Wait until *condition* holds; an error counts as not yet."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            if condition():
                return
        except (redis.RedisError, OSError):
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.02)
