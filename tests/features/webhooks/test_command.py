"""`projectionist webhooks`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.running import run


def test_senders_are_added_renewed_shown_and_removed_by_command(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    added = run("webhooks", "add", "Sonarr 4K", "sonarr", *data)
    assert added.code == 0, added.err
    assert "/webhooks/1" in added.out
    assert "projectionist_hook_" in added.out
    renewed = json.loads(run("webhooks", "renew", "Sonarr 4K", "--keep-former", "--json", *data).out)
    assert renewed["secret"] not in added.out
    assert renewed["sender"]["former_until"] is not None
    listed = run("webhooks", "list", "--json", *data)
    assert [one["name"] for one in json.loads(listed.out)] == ["Sonarr 4K"]
    assert renewed["secret"] not in listed.out
    assert json.loads(run("webhooks", "told", "Sonarr 4K", "--json", *data).out) == []
    again = run("webhooks", "add", "Sonarr 4K", "sonarr", *data)
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "choose another" in again.err
    assert "refused from now on" in run("webhooks", "remove", "Sonarr 4K", *data).out
    gone = run("webhooks", "told", "Sonarr 4K", *data)
    assert (gone.code, "no such sender" in gone.err) == (1, True)
