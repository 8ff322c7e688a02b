"""Nearly every test makes an app of its own. What every app compiles alike is compiled once for a test process.

That is each route, which Werkzeug turns into a function, each template, which Jinja turns into a module, and each
statement, which SQLAlchemy turns into SQL: most of what an app costs. None of them depends on the app's settings.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule


class _InMemory(BytecodeCache):
    """Templates that were compiled for an earlier app, by name and source."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES = _InMemory()


def share_templates(app: Flask) -> None:
    """Let an app use the templates that earlier ones have compiled."""
    app.jinja_env.bytecode_cache = _TEMPLATES


def share_routes() -> None:
    """Let all apps from now on use the routes that earlier ones have compiled."""
    compile_rule: Callable[[Rule], None] = Rule.compile
    compiled: dict[tuple[object, ...], dict[str, Any]] = {}
    builders = ("_build", "_build_unknown")

    def compile_once(rule: Rule) -> None:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, defaults)
        if key not in compiled:
            compile_rule(rule)
            kept = {name: vars(rule)[name] for name in ("_parts", "_trace", "_converters", "arguments")}
            compiled[key] = kept | {name: vars(rule)[name].__func__ for name in builders}
        vars(rule).update(compiled[key])
        for name in builders:
            setattr(rule, name, compiled[key][name].__get__(rule))

    Rule.compile = compile_once  # type: ignore[method-assign]


def share_statements() -> None:
    """Let all engines from now on use the statements that earlier ones have compiled for SQLite.

    SQLAlchemy looks them up by the statement and the engine's dialect, so all dialects of SQLite have to be taken for
    one.
    """
    dialect: Any = SQLiteDialect_pysqlite
    dialect.__eq__ = lambda one, other: type(one) is type(other)
    dialect.__hash__ = lambda one: hash(type(one))
    compiled: LRUCache[Any, Any] = LRUCache(2000)
    Engine._compiled_cache = property(lambda _engine: compiled, lambda _engine, _own: None)  # type: ignore[assignment]
