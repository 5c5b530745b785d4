"""What a browser is called, from the line it introduces itself by."""

from __future__ import annotations

import re

_BROWSERS = (
    ("Edge", r"\bEdg(?:A|iOS)?/(\d+)"),
    ("Opera", r"\bOPR/(\d+)"),
    ("Samsung Internet", r"\bSamsungBrowser/(\d+)"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"\bVersion/(\d+)\S* (?:Mobile/\S+ )?Safari/"),
)
"""In this order: most call themselves by the names of others too."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows NT"),
    ("ChromeOS", "CrOS"),
    ("macOS", "Macintosh"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """`Firefox 145 on Windows`; its own words where it is none that we know."""
    found = next(((name, hit[1]) for name, sign in _BROWSERS if (hit := re.search(sign, user_agent))), None)
    if found is None:
        return user_agent
    system = next((f" on {name}" for name, sign in _SYSTEMS if sign in user_agent), "")
    return f"{found[0]} {found[1]}{system}"
