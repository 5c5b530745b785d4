"""`docs/settings.md`, made from the settings themselves: `.venv/bin/python -m tests.settings_document` writes it."""

from __future__ import annotations

from pathlib import Path

from projectionist.settings import SettingInfo, describe

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Each setting can stand in several places. Where it stands in more than one, the first of these counts:

1. the command line: `--port 8480`
2. the environment: `PROJECTIONIST_PORT=8480`
3. a file named in the environment, for secrets: `PROJECTIONIST_PLEX_TOKEN_FILE=/run/secrets/plex`
4. a `.env` file, where one is asked for with `--env-file`
5. a TOML file, named with `--config` or in `PROJECTIONIST_CONFIG`: `port = 8480`, or `format = "json"` under `[log]`
6. the settings page, for those marked so
7. the default

An empty variable counts as not set. Times take a unit (`90s`, `15m`, `2h`, `1d`), sizes too (`500 MB`, `2 GiB`);
several words are parted by commas. What is missing or wrong ends the start with a sentence that names it.
"""


def document() -> str:
    """The whole document."""
    return _HEAD + "".join(_section(info) for info in describe())


def _section(info: SettingInfo) -> str:
    facts = [f"`{info.variable}`"]
    if info.required:
        facts.append("required")
    elif info.default:
        facts.append(f"default `{info.default}`")
    if info.choices:
        facts.append("of " + ", ".join(f"`{choice}`" for choice in info.choices))
    if info.secret:
        facts.append("secret: never shown or logged")
    if info.editable:
        facts.append("on the settings page")
    example = f" For example `{info.example}`." if info.example else ""
    return f"\n## {info.name}\n\n{info.about}{example}\n\n{' · '.join(facts)}\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
