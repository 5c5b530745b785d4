"""The shell of all pages: one Litestar program made of what features bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.template.config import TemplateConfig
from litestar.types import ControllerRouterHandler

from projectionist.errors import ProjectionistError
from projectionist.web import assets, documents, frame, health, live, pwa
from projectionist.web.access import check_access
from projectionist.web.bodies import checking_requests
from projectionist.web.config import ShellSettings
from projectionist.web.content import check_content_type
from projectionist.web.csrf import check_csrf
from projectionist.web.edge import Edge
from projectionist.web.identifying import identifying
from projectionist.web.limits import Limiter, limiting
from projectionist.web.measuring import Measuring
from projectionist.web.panels import Panels
from projectionist.web.ports import Identify, NavEntry, Principal, ReadinessCheck, WebFeature
from projectionist.web.problems import answer_error
from projectionist.web.templating import build_engine, build_environment
from projectionist.web.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Shell:
    """What the shell's own handlers know; kept as `app.state.shell`."""

    settings: ShellSettings
    features: tuple[WebFeature, ...]
    environment: Environment
    assets: assets.Assets
    panels: Panels
    identify: Identify
    readiness: tuple[ReadinessCheck, ...]
    live: live.LiveStreams

    def nav(self, principal: Principal | None) -> list[NavEntry]:
        """The places this person may go, in order."""
        entries = [entry for feature in self.features for entry in feature.nav]
        seen = [entry for entry in entries if principal is not None and principal.may(entry.permission)]
        return sorted(seen, key=lambda entry: (entry.order, entry.label))

    def first(self, name: str) -> Any:
        """The first feature's value of that name that is not empty, or None."""
        return next((value for feature in self.features if (value := getattr(feature, name))), None)


def create_shell(
    *,
    features: Sequence[WebFeature],
    identify: Identify,
    dependencies: Mapping[str, Any],
    settings: ShellSettings,
    readiness: Sequence[ReadinessCheck] = (),
    events: live.Events,
    limiter: Limiter | None = None,
) -> Litestar:
    """The web program. `dependencies` are values that handlers ask for by name, `jobs: Injected[Jobs]`.

    `principal` is among them by itself: the signed-in person; asking for it on an open route is an error there
    where nobody is signed in, so open routes read `request.scope["user"]`, which may be None. Without a `limiter`
    nobody asks too often.
    """
    kept_assets = assets.Assets()
    panels = Panels([panel for feature in features for panel in feature.panels])
    shell = Shell(
        settings=settings,
        features=tuple(features),
        environment=build_environment(settings, kept_assets, features),
        assets=kept_assets,
        panels=panels,
        identify=identify,
        readiness=tuple(readiness),
        live=live.LiveStreams(events, identify, settings),
    )
    shell.environment.globals |= {
        "panels": panels.render,
        "nav_of": shell.nav,
        "search_path": shell.first("search"),
        "suggest_path": shell.first("suggest"),
    }
    handlers = [handler for feature in features for handler in feature.handlers]
    app = _litestar(shell, dependencies, handlers, limiter)
    app.asgi_handler = Measuring(Edge(Tracing(app.asgi_handler), settings))
    return app


def _litestar(
    shell: Shell,
    dependencies: Mapping[str, Any],
    handlers: Sequence[ControllerRouterHandler],
    limiter: Limiter | None,
) -> Litestar:
    for handler in handlers:
        if isinstance(handler, HTTPRouteHandler) and handler.sync_to_thread and len(handler.paths) > 1:
            raise ValueError(
                f"{handler} has several paths: Litestar would not await it. Write a handler for each."
            )
    # One router around all: handlers given one by one that share a path are registered twice by Litestar 2.25,
    # and what is registered twice is wrapped twice for its thread and then not awaited.
    own = [
        *assets.HANDLERS,
        *documents.HANDLERS,
        *frame.HANDLERS,
        *health.HANDLERS,
        *live.HANDLERS,
        *pwa.HANDLERS,
    ]
    return Litestar(
        route_handlers=[Router("/", route_handlers=[*own, *handlers])],
        dependencies={
            "principal": Provide(_principal, sync_to_thread=False),
            **{name: _given(value) for name, value in dependencies.items()},
        },
        guards=[
            checking_requests(shell.settings),
            identifying(shell.identify),
            *([limiting(limiter)] if limiter else []),
            check_access,
            check_content_type,
            check_csrf,
        ],
        exception_handlers={
            Exception: _answer_unexpected,
            ProjectionistError: answer_error,
        },
        request_max_body_size=shell.settings.max_body_bytes,
        template_config=TemplateConfig(instance=build_engine(shell)),
        openapi_config=_described(shell.settings),
        logging_config=None,
        debug=False,
        state=State({"shell": shell}),
        lifespan=[shell.live.lifespan],
    )


def _described(settings: ShellSettings) -> OpenAPIConfig:
    """How the API is described; the document itself is made elsewhere."""
    return OpenAPIConfig(
        title="Projectionist",
        version=settings.version or "0",
        path="/api/schema-of-litestar",
        render_plugins=(),
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="apiKey", name="projectionist_session", security_scheme_in="cookie"
                ),
                "token": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
    )


def _given(value: Any) -> Provide:
    return Provide(lambda: value, use_cache=True, sync_to_thread=False)


def _principal(request: Request[Any, Any, Any]) -> Any:
    return request.scope["user"]


def _answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Any:
    return answer_error(request, error)
