"""The floor of a page: a bare Litestar route with the same template and the same rows. A script of its own.

`python -m bench.bare_page PORT DATA PATH`, the cookie on standard input: it asks the house, put together in this
process over the same data, for the page once, and keeps what its template was given, that of its panels too. Then
it serves only that: no sign-in, no database, no thread, no compression, no headers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig
from litestar.testing import TestClient

from projectionist import opening
from projectionist.settings import load_settings
from projectionist.web.ports import Panel, Principal
from projectionist.web.serving import serve
from projectionist.web.shell import Shell
from projectionist.web.templating import PageTemplate

_GIVEN: list[dict[str, Any]] = []


class _Recording(PageTemplate):
    def new_context(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Any:
        if not shared and vars and isinstance(vars.get("request"), Request):
            _GIVEN.append(dict(vars))
        return super().new_context(vars, shared, locals)


class _Once:
    """What a panel was given, kept."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._kept: dict[int | None, Any] = {}

    def __call__(self, principal: Principal, about: int | None) -> Any:
        if about not in self._kept:
            self._kept[about] = self._panel.context(principal, about)
        return self._kept[about]


def _captured(data: Path, path: str, cookie: str) -> tuple[Shell, str, dict[str, Any], Principal]:
    settings = load_settings(os.environ, {"data": data})
    with opening.open_house(settings, exclusive=False) as house:
        web = house.web()
        shell: Shell = web.state.shell
        shell.environment.template_class = _Recording
        panels = shell.panels
        panels._panels = [replace(one, context=_Once(one)) for one in panels._panels]  # noqa: SLF001
        engine = web.template_engine
        if not isinstance(engine, JinjaTemplateEngine):
            raise SystemExit("The pages are not Jinja's; there is nothing to hold them against")
        names: list[str] = []
        found = engine.get_template

        def named(template_name: str) -> Any:
            names.append(template_name)
            return found(template_name)

        engine.get_template = named  # type: ignore[method-assign]
        with TestClient(web, base_url="http://127.0.0.1") as client:
            answer = client.get(path, headers={"Cookie": cookie})
        if answer.status_code != 200 or not names or not _GIVEN:
            raise SystemExit(f"{path} gave {answer.status_code}; there is nothing to hold it against")
    name, context = names[0], _GIVEN[0]
    request: Request[Any, Any, Any] = context.pop("request")
    own = ("principal", "nonce", "csrf", "csrf_field", "is_fragment", "correlation_id")
    shell.environment.template_class = PageTemplate
    shell.environment.cache.clear()  # type: ignore[union-attr]
    return shell, name, {k: v for k, v in context.items() if k not in own}, request.scope["user"]


def _bare(shell: Shell, path: str, template: str, context: dict[str, Any], principal: Principal) -> Litestar:
    @get(path.partition("?")[0])
    async def page() -> Template:
        return Template(template, context=context)

    @get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    def of_a_request(request: Request[Any, Any, Any]) -> None:
        request.scope["user"] = principal
        request.scope["state"].update(nonce="n" * 22, csrf="c" * 43, correlation_id="0" * 32)

    return Litestar(
        [page, ready],
        before_request=of_a_request,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(shell.environment)),
        openapi_config=None,
        logging_config=None,
        state=State({"shell": shell}),
    )


if __name__ == "__main__":
    _port, _data, _path = sys.argv[1:]
    _shell, _name, _context, _principal = _captured(Path(_data), _path, sys.stdin.readline().strip())
    serve(_bare(_shell, _path, _name, _context, _principal), "127.0.0.1", int(_port))
