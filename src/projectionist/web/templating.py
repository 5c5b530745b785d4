"""Templates: where they are found, and what every one of them can call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
    pass_eval_context,
    select_autoescape,
)
from jinja2 import Template as JinjaTemplate
from jinja2.filters import do_forceescape, do_mark_safe
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine

from projectionist.web import formatting
from projectionist.web.assets import FOLDER, Assets
from projectionist.web.config import ShellSettings
from projectionist.web.csrf import FIELD
from projectionist.web.ports import Principal, WebFeature
from projectionist.web.words import REASONS, counted, language, said, sentence, titled

if TYPE_CHECKING:
    from projectionist.web.shell import Shell

TEMPLATES = FOLDER.parent / "templates"


class PageTemplate(JinjaTemplate):
    """A template that knows the request it is rendered for."""

    def new_context(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Context:
        """As Jinja's, with what comes of the request added."""
        values = vars
        if not shared and vars and isinstance(request := vars.get("request"), Request):
            values = {**of_request(request), **vars}
        return super().new_context(values, shared, locals)


def of_request(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The viewer, the nonce, the CSRF token, and whether htmx asks for a part of the page only."""
    state = request.scope["state"]
    token: str = state["csrf"]  # of letters, digits, - and _ only
    headers = request.headers
    whole = "hx-boosted" in headers or "hx-history-restore-request" in headers
    return {
        "principal": request.scope.get("user"),
        "nonce": state["nonce"],
        "csrf": state["csrf"],
        "csrf_field": do_mark_safe(f'<input type="hidden" name="{FIELD}" value="{token}">'),
        "is_fragment": "hx-request" in headers and not whole,
        "correlation_id": state["correlation_id"],
    }


def build_environment(settings: ShellSettings, assets: Assets, features: Sequence[WebFeature]) -> Environment:
    """The shell's templates by their names, each feature's below the feature's name: `jobs/list.html`."""
    folders = {feature.name: FileSystemLoader(feature.templates) for feature in features if feature.templates}
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader(folders)]),
        autoescape=select_autoescape(["html", "svg", "xml"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=1000,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    environment.template_class = PageTemplate
    environment.install_gettext_callables(_said, _counted, newstyle=False)  # type: ignore[attr-defined]
    environment.filters |= {
        "size": formatting.size,
        "duration": formatting.duration,
        "count": formatting.count,
        "relative": formatting.relative,
        "sentence": _sentence,
        "titled": titled,
        "capital": _capital,
        "decimal": formatting.decimal,
        "day": formatting.day,
    }
    environment.globals |= {
        "url": settings.url,
        "asset": lambda name: assets.url(name, settings),
        "here": _here,
        "exact_time": _exact_time,
        "language": language,
        "settings_of_shell": settings,
        "version": settings.version,
    }
    return environment


def build_engine(shell: Shell) -> JinjaTemplateEngine:
    """Litestar's engine over our environment."""
    return JinjaTemplateEngine.from_environment(shell.environment)


@pass_eval_context
def _said(how: EvalContext, text: str, /, **values: Any) -> str:
    """A sentence in the viewer's language with values put in, escaped as all text is: it may quote what was typed."""
    return _filled(how, said(text), values)


@pass_eval_context
def _counted(how: EvalContext, one: str, several: str, number: int, /, **values: Any) -> str:
    return _filled(how, counted(one, several, number), {"num": number, **values})


def _filled(how: EvalContext, text: str, values: Mapping[str, Any]) -> str:
    shown = do_forceescape(text) if how.autoescape else text
    told = {name: _sentence(value) if name in REASONS else value for name, value in values.items()}
    return shown % told if told else shown.replace("%%", "%")


def _sentence(text: Any) -> Any:
    """What a service said, in the viewer's language; what is marked as HTML went through a template already."""
    return sentence(text) if type(text) is str else text


def _capital(text: str) -> str:
    """The text with a capital at its beginning, and what follows as it is: nouns keep theirs."""
    return text[:1].upper() + text[1:]


@pass_context
def _here(context: Context, **changes: Any) -> str:
    """The page's address with parts of its query changed; None takes one out."""
    request: Request[Any, Any, Any] = context["request"]
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in changes]
    for name, value in changes.items():
        values = value if isinstance(value, list | tuple) else [value]
        kept += [(name, str(one)) for one in values if one is not None]
    path = context["settings_of_shell"].url(request.scope["path"])
    return f"{path}?{urlencode(kept)}" if kept else str(path)


@pass_context
def _exact_time(context: Context, moment: Any) -> str:
    principal: Principal | None = context.get("principal")
    return formatting.exact(moment, principal.time_zone if principal else "")
