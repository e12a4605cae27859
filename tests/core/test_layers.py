"""Imports go downwards only: see "Layout" in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.source import PACKAGE, Import, Module, modules

# From the ground up. A name stands for a module, or for a folder and all that is in it.
RANKS = [
    {"errors", "problems", "signals", "clock"},
    {
        "tokens",
        "codec",
        "tags",
        "sealing",
        "record",
        "lifetimes",
        "names",
        "checks",
        "showing",
        "findings",
    },
    {"spelling", "kinds", "classes", "conversion", "parameters", "describing"},
    {
        *("config", "config_jwt", "config_signin", "stores", "purging", "data", "flash", "scopes"),
        *("large", "readonly", "services", "reporter", "lifecycle", "messages", "saving"),
        *(
            "loading",
            "exchange",
            "fitting",
            "values",
            "words",
            "mapping",
            "flashing",
            "local",
            "session",
            "migrating",
            "rotating",
            "steps",
        ),
        *("owners", "identity", "binding", "devices", "bearer", "fixed", "fixedsaving"),
        *("importing", "importingrecords", "importnotes", "formerkeys"),
        *("processes", "following", "late"),
        *("history", "counting", "countingplaces", "countinglive"),
    },
    {
        *("interface", "carrying", "places", "proxies", "policies", "directory", "tokenstore"),
        *("global_session", "claims", "flasklogin", "flaskforms", "scoping", "answers"),
        *("headers", "importingcookies"),
        *("overview", "statistics", "metrics", "tracing"),
    },
    {"decorators", "templating", "cli", "doctor", "pages", "testing"},
    {"extension", "compat"},
    {""},
]
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
LAST_WITHOUT_CONTEXT = RANK["stores"]

CONTEXT = {
    *("request", "g", "current_app", "session", "app_ctx", "request_ctx", "globals"),
    *("has_request_context", "has_app_context", "after_this_request"),
    *("copy_current_request_context", "flash", "get_flashed_messages"),
}

# A driver is imported by its own files only, so that nobody needs what he does not use.
DRIVERS = {
    "sqlalchemy": ("stores.sql", "stores.schemes", "compat.sql"),
    "pymemcache": ("stores.memcached", "compat.memcached"),
    "psycopg": "stores.sql",
    "pymysql": "stores.sql",
    "redis": ("stores.redis", "compat.redis"),
    "valkey": "stores.redis",
    "pymongo": "compat.mongodb",
    "botocore": "compat.dynamodb",
    "msgpack": ("codec", "record", "compat.records"),
    "cryptography": ("sealing", "bearer"),
    "jwt": "bearer",
    "ua_parser": "devices",
    "rich": "cli.richtable",
    "prometheus_client": "metrics",
    "opentelemetry": "tracing",
    "flask_login": "flasklogin",
}

MODULES = {module.name: module for module in modules()}
each_module = pytest.mark.parametrize("module", MODULES.values(), ids=lambda m: m.name or PACKAGE)


def rank(name: str) -> int:
    """Return the rank of a module by the first part of its name."""
    return RANK[name.partition(".")[0]]


def target(imported: Import) -> str | None:
    """Return which module of ours this imports, if it is one."""
    package, _, module = imported.module.partition(".")
    if package != PACKAGE:
        return None
    deeper = f"{module}.{imported.name}".removeprefix(".")
    return deeper if deeper in MODULES else module


@each_module
def test_every_module_has_a_rank(module: Module) -> None:
    """A new module is given its place in `RANKS` (and in CONTRIBUTING.md) before it is used."""
    assert module.name.partition(".")[0] in RANK


@each_module
def test_no_import_climbs(module: Module) -> None:
    """A module imports from its own rank or from below, for types too."""
    climbs = [
        f"{module.path.name}:{each.line} imports {name or PACKAGE}"
        for each in module.imports()
        if (name := target(each)) is not None and rank(name) > rank(module.name)
    ]

    assert climbs == []


def test_no_cycles() -> None:
    """Modules of one rank may import each other, but never in a circle."""
    graph = {
        module.name: {
            name
            for each in module.imports()
            if not each.for_types_only and (name := target(each)) is not None
        }
        for module in MODULES.values()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@each_module
def test_the_lower_ranks_know_no_request(module: Module) -> None:
    """Up to the stores nothing touches Flask's context objects: all works without an app."""
    if rank(module.name) > LAST_WITHOUT_CONTEXT:
        return
    taken = {
        each.name or each.module
        for each in module.imports()
        if each.module.partition(".")[0] == "flask"
    }
    looked_up = {
        node.attr
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "flask"
    }

    assert (taken | looked_up) & CONTEXT == set()
    assert "flask.globals" not in {each.module for each in module.imports()}


@each_module
def test_drivers_stay_in_their_own_files(module: Module) -> None:
    """A database driver is imported by the store that needs it, and by nothing else."""
    strangers = {
        package
        for each in module.imports()
        if (package := each.module.partition(".")[0]) in DRIVERS
        and not module.name.startswith(DRIVERS[package])
    }

    assert strangers == set()
