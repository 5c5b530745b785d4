"""Sentences of templates: what is put into them, and they themselves, are text wherever a browser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import Markup, escape

from projectionist.web.assets import Assets
from projectionist.web.config import ShellSettings
from projectionist.web.templating import build_environment


@pytest.fixture(scope="module")
def environment() -> Environment:
    return build_environment(ShellSettings(), Assets(), ())


@given(st.text(alphabet="%s(a)d<&\"' ") | st.text())
def test_a_sentence_that_quotes_somebody_is_text_and_breaks_no_page(
    environment: Environment, told: str
) -> None:
    shown = environment.from_string("{{ _(told) }}").render(told=told)
    assert shown == str(escape(told)).replace("%%", "%")


def test_what_is_put_into_a_sentence_is_text_but_for_what_a_template_made(environment: Environment) -> None:
    source = '{{ _("%(who)s at %(where)s, 5 %%", who=who, where=where) }}'
    shown = environment.from_string(source).render(who="<b>", where=Markup("<a>there</a>"))
    assert shown == "&lt;b&gt; at <a>there</a>, 5 %"


@pytest.mark.parametrize(("number", "shown"), [(0, "0 films of &lt;b&gt;"), (1, "one film of &lt;b&gt;")])
def test_a_counted_sentence_has_its_number(environment: Environment, number: int, shown: str) -> None:
    source = '{{ ngettext("one film of %(who)s", "%(num)s films of %(who)s", number, who="<b>") }}'
    assert environment.from_string(source).render(number=number) == shown
