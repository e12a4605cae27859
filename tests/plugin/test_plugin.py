"""What the fixtures of the pytest plugin do, in the test suites of apps."""

from __future__ import annotations

import pytest

from tests.plugin.apps import APP, LOGIN

pytest_plugins = ["pytester"]


def test_look_and_set(run):
    """`session_client` is a client of `app` whose session can be looked into and set."""
    run("""
        def test_cart(session_client):
            session_client.session["cart"] = ["tea"]
            assert session_client.post("/cart/mug").text == "2"

            assert session_client.session == {"cart": ["tea", "mug"]}
            assert "tea" in session_client.session["cart"]
            assert len(session_client.session) == 1
            assert session_client.session.exists
            del session_client.session["cart"]
            assert dict(session_client.session) == {}
            assert "cart" not in session_client.session
    """).assert_outcomes(passed=1)


def test_looking_changes_nothing(run):
    """To look at a session makes none, and does not let it live longer."""
    run("""
        import pytest

        def test_look(app, session_client, frozen_clock):
            assert dict(session_client.session) == {}
            assert session_client.session.identifier == ""
            with pytest.raises(KeyError):
                session_client.session["a"]
            store = app.extensions["sessionplus"].store
            assert store.count() == 0
            session_client.session["a"] = 1
            session_client.get("/me")
            for minute in range(29):
                frozen_clock.tick(60)
                assert session_client.session["a"] == 1
                assert session_client.session.identifier
            frozen_clock.tick(60 * 60 * 24 * 31)
            assert dict(session_client.session) == {}

        def test_idle(app, session_client, frozen_clock):
            session_client.session["a"] = 1
            session_client.get("/me")
            with session_client.session_transaction() as session:
                session.set_lifetime(100)
            for _ in range(3):
                frozen_clock.tick(40)
                found = dict(session_client.session)
            assert found == {}
    """).assert_outcomes(passed=2)


def test_signed_in(run):
    """`signed_in` makes a client for each user, each with a browser of its own."""
    run("""
        from types import SimpleNamespace
        import pytest

        def test_ids(signed_in, session_client):
            ada = signed_in(7, username="Ada", role_id="admin", cart=["tea"])
            joe = signed_in(SimpleNamespace(id="joe"), fresh=False)
            assert ada.get("/me").json == [7, "Ada", "admin", True]
            assert joe.get("/me").json == ["joe", None, None, False]
            assert session_client.get("/me").json[0] is None
            assert (ada.session.user_id, ada.session["cart"]) == (7, ["tea"])
            assert ada.session.is_authenticated and ada.session.is_fresh()
            assert (ada.session.username, ada.session.role_id) == ("Ada", "admin")
            assert (ada.session.level, ada.session.permanent) == (None, False)
            ada.sign_out()
            assert ada.get("/me").json[0] is None

        def test_nobody(signed_in):
            for user in (None, SimpleNamespace(id=None)):
                with pytest.raises(TypeError, match="has no id, or it is None"):
                    signed_in(user)

        def test_owner(app, signed_in):
            signed_in(7, remember=True)
            with app.app_context():
                assert app.extensions["sessionplus"].extension.revoke_user(7) == 1
    """).assert_outcomes(passed=3)


def test_signed_in_with_flask_login(run):
    """With Flask-Login `current_user` is the user, fresh or not, and protection lets him in."""
    run(
        """
        from types import SimpleNamespace
        import pytest
        from conftest import User

        @pytest.mark.parametrize("user", [7, "7", User(7), SimpleNamespace(id=7)])
        def test_who(signed_in, session_client, user):
            client = signed_in(user)
            for _ in range(2):
                assert client.get("/who").text == "7"
                assert client.get("/fresh").text == "True"
            assert session_client.get("/who").status_code == 401
            assert str(client.session.user_id) == "7"
            assert client.get("/out").text == "True"
            assert client.get("/who").status_code == 401
            assert client.get("/me").json[0] is None

        def test_stale(signed_in):
            client = signed_in(User(7), fresh=False)
            assert client.get("/fresh").text == "False"
            assert client.get("/me").json[3] is False

        def test_thief(signed_in):
            client = signed_in(User(7))
            assert client.get("/who", headers={"User-Agent": "curl"}).status_code == 401

        def test_other_id(signed_in, manager):
            class Renamed(User):
                session_user_id = 7

                def get_id(self):
                    return "alternative"

            manager.user_loader(lambda key: Renamed(7) if key == "alternative" else None)
            client = signed_in(Renamed(7))
            assert client.get("/who").text == "alternative"
            assert client.session.user_id == 7
        """,
        LOGIN,
    ).assert_outcomes(passed=7)


def test_the_apps_own_client(run):
    """The client is also what `app.test_client_class` says, with its own methods."""
    run(
        """
        from flask_login import FlaskLoginClient
        from flask_sessionplus.testing import SessionClient

        class Own(FlaskLoginClient):
            def me(self):
                return self.get("/who").text

        def test_own(app, signed_in):
            app.test_client_class = Own
            client = signed_in(7)
            assert isinstance(client, Own) and isinstance(client, SessionClient)
            assert client.me() == "7"
        """,
        LOGIN,
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "settings",
    [
        'SESSION_STORE="cookie://", SESSION_ENCRYPTION_KEYS="00" * 32',
        'SESSION_STORE="sqlite:///sessions.sqlite"',
        "SESSION_STORE='file://' + str(tmp_path / 'sessions')",
        'SESSION_PROFILE="strict"',
        'SESSION_BIND=["ip", "user_agent"]',
        'SERVER_NAME="shop.example", SESSION_COOKIE_DOMAIN="shop.example"',
        'APPLICATION_ROOT="/shop"',
        'SESSION_COOKIE_PATH="/cart"',
        'SESSION_COOKIE_PATH="/shop/cart", APPLICATION_ROOT="/shop"',
    ],
)
def test_any_app(run, settings):
    """It works on any store, bound to a place or not, and with any cookie."""
    run(
        """
        import pytest

        def test_both(signed_in):
            client = signed_in(7, username="Ada")
            client.session["cart"] = ["tea"]
            assert client.post("/cart/mug", base_url=BASE).text == "2"
            assert client.session["cart"] == ["tea", "mug"]
            assert client.get(PATH, base_url=BASE).json[:2] == [7, "Ada"]
        """.replace("PATH", '"/cart/me"' if "PATH" in settings else '"/me"').replace(
            "BASE", '"https://shop.example"' if "example" in settings else "None"
        ),
        APP.replace(
            'SESSION_STORE="memory://"', f'SESSION_STORE="memory://"), app.config.update({settings}'
        ),
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ('SESSION_COOKIE_DOMAIN="shop.example"', "set SERVER_NAME = 'shop.example'"),
        ('SESSION_COOKIE_PATH="/b", APPLICATION_ROOT="/shop"', "a path below APPLICATION_ROOT"),
        ("SESSION_MAX_PER_USER=1", "Look at what receivers"),
    ],
)
def test_who_is_not_signed_in(run, settings, reason):
    """If the browser would not bring the cookie back, it is said why, and not left to a 401."""
    run(
        f"""
        import pytest
        from flask_sessionplus import ConfigError
        from flask_sessionplus.signals import session_created

        def end(app, session, **more):
            app.extensions["sessionplus"].store.delete_all()

        def test_nobody(app, signed_in):
            app.config.update({settings})
            with session_created.connected_to(end, app):
                with pytest.raises(ConfigError, match={reason!r}):
                    signed_in(7)
        """
    ).assert_outcomes(passed=1)


def test_what_is_inside_of_a_value(run):
    """To change what was read raises, for it would not be saved; what is made of it can be set."""
    run("""
        import copy, json, pickle
        import pytest

        def test_inside(session_client):
            session = session_client.session
            session["a"] = [1, {"b": {2}}, ([3],)]
            for change in (
                lambda: session["a"].append(2),
                lambda: session["a"].__setitem__(0, 2),
                lambda: session["a"][1].update(c=1),
                lambda: session["a"][1]["b"].add(1),
                lambda: session["a"][2][0].clear(),
            ):
                with pytest.raises(TypeError, match="This is a copy"):
                    change()
            assert session == {"a": [1, {"b": {2}}, ([3],)]}
            assert repr(session["a"]) == "[1, {'b': {2}}, ([3],)]"

        def test_set_anew(session_client):
            session = session_client.session
            session["a"], session["b"], session["c"] = [1], {"x": 1}, {1}
            session["a"] += [2]
            session["b"] |= {"y": session["a"]}
            session["c"] |= {2}
            assert session == {"a": [1, 2], "b": {"x": 1, "y": [1, 2]}, "c": {1, 2}}
            for copied in (copy.deepcopy(session["b"]), pickle.loads(pickle.dumps(session["b"]))):
                copied["y"].append(3)
                assert copied == {"x": 1, "y": [1, 2, 3]}
            assert json.dumps(session["b"]) == '{"x": 1, "y": [1, 2]}'
    """).assert_outcomes(passed=2)
