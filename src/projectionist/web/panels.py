"""Parts of shared pages that features fill; one that fails shows so, and the page stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from jinja2 import pass_context
from jinja2.filters import do_mark_safe
from jinja2.runtime import Context

from projectionist.errors import ProjectionistError
from projectionist.web.ports import Panel, Principal

log = logging.getLogger(__name__)


class Panels:
    """All panels, by page and order; `render` stands in every template as `panels(page, about)`."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels = sorted(panels, key=lambda panel: (panel.page, panel.order, panel.name))

    def of(self, page: str, principal: Principal) -> list[Panel]:
        """The panels of a page that this person may see."""
        return [panel for panel in self._panels if panel.page == page and principal.may(panel.permission)]

    @pass_context
    def render(self, context: Context, page: str, about: int | None = None, name: str = "") -> str:
        """The panels of a page as HTML, or the one of them that is named."""
        principal: Principal = context["principal"]
        wanted = [panel for panel in self.of(page, principal) if name in ("", panel.name)]
        return do_mark_safe("".join(self._one(context, panel, principal, about) for panel in wanted))

    def _one(self, context: Context, panel: Panel, principal: Principal, about: int | None) -> str:
        environment = context.environment
        base: dict[str, Any] = {"request": context["request"], "panel": panel, "about": about}
        try:
            values = panel.context(principal, about)
            if values is None:
                return ""
            inner = environment.get_template(panel.template).render({**values, **base})
            failed = ""
        except ProjectionistError as error:
            inner, failed = "", error.message
        except Exception:
            log.exception("The panel %s of the page %s failed", panel.name, panel.page)
            inner, failed = "", "?"
        frame = environment.get_template("panel.html")
        return str(frame.render({**base, "inner": do_mark_safe(inner), "failed": failed}))
