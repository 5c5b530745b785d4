"""Why a source does not answer, as its pages say it: without the calls and addresses that only a log is for."""

from __future__ import annotations

import re

_CALL = re.compile(r"(?:GET|HEAD|POST|PUT|DELETE) /[^\s;,:()]*")
_NEEDLESS = (
    (re.compile(rf" did not answer {_CALL.pattern}"), " did not answer"),
    (re.compile(rf"\({_CALL.pattern}: (\d+)\)"), r"(\1)"),
    (_CALL, "what was asked"),
    (re.compile(r"\b(plex\.tv|Trakt|TMDb) at https?://[^\s;,]+"), r"\1"),
    (re.compile(r", after 0\.\d s\)"), ")"),
)
"""What is left out, and what stands for it; a service of the world needs no address, a server at home does."""


def plainly(reason: str) -> str:
    """A reason for people who look at a page; what is not known is left as it is."""
    for needless, instead in _NEEDLESS:
        reason = needless.sub(instead, reason)
    return reason
