"""A small OAuth 2 provider on this machine: everybody who comes is let in, and sent back."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit


class Provider:
    """Gives a code to a browser, and a token to who brings that code, once.

    :param url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._codes: dict[str, dict[str, str]] = {}

    def send_back(self, start: str) -> str:
        """Let a browser follow the redirect *start*; return to which path it is sent back."""
        query = _first(urlsplit(start).query)
        assert start.startswith(f"{self.url}/authorize?"), start
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        back = urlsplit(query["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Answer who brings a code; with PKCE also the secret whose digest came before."""
        start = self._codes.pop(form.get("code", ""), None)
        if start is None or not _is_proof(start, form):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": f"for {form['code']}", "token_type": "Bearer"}


def _is_proof(start: dict[str, str], form: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return start.get("code_challenge", proof) == proof


def _first(query: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(query).items()}


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider on a free port for as long as it takes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer the only question that comes from an app."""
            length = int(self.headers["Content-Length"])
            status, answer = found.token(_first(self.rfile.read(length).decode()))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
