"""The dashboard in other languages and in an app's own layout."""

from __future__ import annotations

from flask_sessionplus.pages import Look
from flask_sessionplus.testing import FakeClock
from tests.pages.dashboards import PREFIX, admin, create_app, handles, send, sign_in
from tests.pages.furnished import NOW, furnish
from tests.pages.test_devices_words import texts


def test_every_text_can_be_translated(tmp_path):
    """What is asked of the translation is what `pybabel extract` finds, on every page."""
    asked = set()

    def translate(text):
        asked.add(text)
        return text

    config = {"SESSION_STORE": f"sqlite:///{tmp_path}/s.sqlite", "SESSION_STATISTICS": True}
    app = create_app(config, look=Look(translate=translate), values=True)
    cookie = furnish(app)
    with FakeClock(NOW):
        browser = app.test_client()
        browser.set_cookie("session", cookie)
        one, other = handles(app, "grace")[:2]
        for path in (
            "",
            "?span=7d",
            "?span=30d",
            "/list",
            "/list?q=grace",
            "/list?q=x",
            "/end-all",
        ):
            assert browser.get(PREFIX + path).status_code == 200
        for handle in (one, other):
            assert browser.get(f"{PREFIX}/session/{handle}").status_code == 200
            send(browser, f"/session/{handle}/values")
        send(browser, f"/session/{one}/end")
        send(browser, "/end-user", user="grace")
        send(browser, "/end-all", phrase="no")
        send(browser, "/end-all", phrase="end all sessions")
    app.extensions["sessionplus"].store.close()

    assert len(asked) > 90
    assert asked - texts() == set()


def test_another_language_and_layout(tmp_path):
    """Texts go through the look's translation; in an app's layout there is no page of our own."""
    layout = "<main class=theirs>{% block content %}{% endblock %}</main>"
    (tmp_path / "base.html").write_text(layout)
    look = Look(base_template="base.html", translate=lambda text: f"«{text}»")
    app = create_app(look=look)
    app.jinja_loader.searchpath.append(str(tmp_path))
    sign_in(app, "bob")
    ada = admin(app)
    pages = [ada.get(PREFIX + path).text for path in ("", "/list", "/end-all")]

    for page in pages:
        assert page.strip().startswith("<main class=theirs>")
        assert "«Overview»" in page
        assert "<html" not in page
        assert "dashboard.css" in page
        assert "pages.css" in page
    assert "«To go on, type: <code>«end all sessions»</code>»" in pages[2]
    assert "were ended" in send(ada, "/end-all", phrase="«end all sessions»").text
