"""What docs/coming-from.md says of the customer's examples: all of them, word by word."""

from __future__ import annotations

import pytest

from tests.support.processes import ROOT

#: What `docs/coming-from.md` has to name: the words of each seed, in its order.
WORDS = {
    "A low-code session plugin": (
        "Session Exist|Set parameters|Get Parameters|Get UserName|Get UserId|username and role ID"
        "|Input Configuration|Output Configuration|data type|value type|local or global|logs out"
        "|passwords|control your user's access"
    ),
    "Digibee's Session Management": (
        "Operation|Get Data|Put Data|Delete Data|Session Type|Local|Global|Fields|body, data, id"
        "|Scoped|False|Double Braces|REST Trigger|HTTP Trigger|JWT|Input|Output"
    ),
    "Masonite": (
        "SessionProvider|def show(self, Session)|print(Session)|Session.set('key', 'value')"
        "|Session.get('key')|Session.has('key')|Session.all()|Session.flash('success'"
        "|session().has('success')|reset|IP address"
    ),
    "Spry": (
        "import|SessionManager()|spry.use|adapter|MemorySessionAdapter()|SPRY_SESSION_ID|domain"
        "|path|secure|httpOnly|identifierGenerator|SessionAdapter|expiration|await"
        "|session.identifier|session.has|session.get|session.set|session.renew()"
        "|session.remove('key')|session.destroy()"
    ),
    "Lucid": (
        "session.File(w, r)|Cookie|Database|Redis|lucid_session|engine.Session"
        '|ses.Set("authenticated", record.ID)|ses.Get("authenticated")|ses.Get("key")'
        '|ses.Set("key", 100)|ses.Destroy("key")|ses.SetFlash("message"|ses.GetFlash("message")'
        '|ses.SetFlashMap("messages"|ses.GetFlashMap("messages")'
    ),
}


@pytest.mark.parametrize("seed", WORDS)
def test_every_word_is_translated(seed):
    """Who comes from there finds each word in the left column."""
    [_, page] = (ROOT / "docs" / "coming-from.md").read_text().split(f"## {seed}\n")
    rows = [line.split(" | ") for line in page.split("\n## ")[0].splitlines() if "|" in line]
    there = "\n".join(row[0] for row in rows)

    assert [word for word in WORDS[seed].split("|") if word not in there] == []
