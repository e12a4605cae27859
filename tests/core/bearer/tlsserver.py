"""A local https server with a certificate of its own authority, which does as it is told."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.core.bearer.encodings import certificate


class Issuer:
    """Answers every connection by what `answer` is: bytes, or a function of the line.

    `before_tls` is a function that gets the line before it is encrypted.
    """

    def __init__(self, answer=b""):
        self.answer = answer
        self.before_tls = None
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}/keys"
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        """Stop answering; nobody listens there any more."""
        self.over.set()
        self.socket.close()
        self._thread.join(5)

    def _serve(self):
        while not self.over.is_set():
            try:
                line, _ = self.socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        try:
            with line:
                self.asked.append(None)
                if self.before_tls is not None:
                    self.before_tls(line)
                    return
                with contexts()[0].wrap_socket(line, server_side=True) as secure:
                    self.asked[-1] = secure.recv(4096)
                    answer = self.answer
                    secure.sendall(answer) if isinstance(answer, bytes) else answer(secure)
        except OSError:
            # The other side has had enough.
            pass


@contextmanager
def issuer(answer=b""):
    """Run an `Issuer` for a with block."""
    server = Issuer(answer)
    try:
        yield server
    finally:
        server.close()


def response(body, status="200 OK", kind="application/json", more=""):
    """Return an HTTP response with *body*."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@cache
def contexts():
    """Return the server's context, and the client's that trusts its authority."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate(authority, "Test authority")
    addresses = [x509.IPAddress(ip_address("127.0.0.1"))]
    leaf = certificate(key, "127.0.0.1", root.subject, authority, addresses)
    client = ssl.create_default_context(cadata=root.public_bytes(Encoding.PEM).decode())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(server, leaf, key)
    return server, client


def load(context, leaf, key):
    """Load a certificate, which ssl takes from a file only."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.write(leaf.public_bytes(Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
