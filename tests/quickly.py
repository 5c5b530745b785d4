"""What hundreds of tests make anew and which comes out the same each time: made once in a process.

Each makes the whole web program, from the same few hundred functions and templates. Without this, more than half of
what a test run computes is reading their signatures and compiling their templates.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import SimpleNamespace
from typing import Any

from argon2 import PasswordHasher
from jinja2 import Environment
from litestar._signature import SignatureModel
from litestar.router import Router
from litestar.utils.helpers import unwrap_partial
from litestar.utils.signature import ParsedSignature

from projectionist.features.accounts import passwords

LIGHT = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Hashes a password in no time, as nobody may in earnest."""


def make_quickly() -> None:
    """From now on, in this process."""
    passwords._hasher = LIGHT
    _read_signatures_once()
    _map_routes_as_they_come()
    _compile_templates_once()


def _read_signatures_once() -> None:
    from_fn, create = ParsedSignature.from_fn, SignatureModel.create
    signatures: dict[Hashable, list[tuple[Any, Any]]] = {}
    models: dict[Hashable, list[tuple[Any, Any]]] = {}

    def signature(_: type[ParsedSignature], /, fn: Any, namespace: dict[str, Any]) -> Any:
        return _once(signatures, fn, namespace, lambda: from_fn(fn, namespace))

    def model(_: type[SignatureModel], /, **asked: Any) -> Any:
        fn = asked.pop("fn")
        return _once(models, fn, asked, lambda: create(fn=fn, **asked))

    ParsedSignature.from_fn = classmethod(signature)  # type: ignore[assignment, method-assign]
    SignatureModel.create = classmethod(model)  # type: ignore[assignment, method-assign]


def _once(kept: dict[Hashable, list[tuple[Any, Any]]], fn: Any, asked: Any, make: Callable[[], Any]) -> Any:
    """What was made for such a function when the same was asked, else what is made now.

    Functions of the same lines are told apart by all else that a signature shows.
    """
    plain = unwrap_partial(fn)
    if not hasattr(plain, "__code__"):
        return make()
    shown = (asked, plain.__annotations__, plain.__defaults__, plain.__kwdefaults__)
    before = kept.setdefault((type(fn), plain.__module__, plain.__qualname__, plain.__code__), [])
    for like, made in before:
        if like == shown:
            return made
    before.append((shown, make()))
    return before[-1][1]


def _map_routes_as_they_come() -> None:
    """Litestar maps all routes anew for each that comes."""
    mapped: Any = vars(Router)["route_handler_method_map"].fget
    latest = SimpleNamespace(router=None, routes=[], methods={})

    def methods(router: Any) -> Any:
        known = len(latest.routes)
        if latest.router is not router or router.routes[:known] != latest.routes:
            latest.router, latest.methods, known = router, {}, 0
        for path, of_path in mapped(SimpleNamespace(routes=router.routes[known:])).items():
            latest.methods.setdefault(path, {}).update(of_path)
        latest.routes = list(router.routes)
        return latest.methods

    Router.route_handler_method_map = property(methods)  # type: ignore[assignment, method-assign]


def _compile_templates_once() -> None:
    compiled = Environment.compile
    kept: dict[tuple[str, str | None, str | None], Any] = {}

    def compile_once(
        environment: Environment,
        source: Any,
        name: str | None = None,
        filename: str | None = None,
        **how: Any,
    ) -> Any:
        if how or not isinstance(source, str):
            return compiled(environment, source, name, filename, **how)
        if (source, name, filename) not in kept:
            kept[source, name, filename] = compiled(environment, source, name, filename)
        return kept[source, name, filename]

    Environment.compile = compile_once  # type: ignore[assignment, method-assign]
