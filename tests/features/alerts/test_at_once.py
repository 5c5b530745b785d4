"""What two do with browsers at once on PostgreSQL: neither waits for what the other holds in turn."""

from __future__ import annotations

from dataclasses import replace

from projectionist.db.engine import Database
from projectionist.features.alerts import devices, pushed
from projectionist.kit.secrets import Vault
from tests.features.accounts.overtaking import database, overtaken
from tests.features.alerts.house import House, subscription

__all__ = ["database"]


def test_a_browser_ends_its_notifications_while_all_begin_anew(database: Database) -> None:
    house = House(database)
    for name in ("one", "two"):
        devices.take_in(house.place, house.user_id, subscription(name), name, "https://films.example.org")
    other = replace(house.place, vault=Vault(bytes(range(32))))
    gone, ended = overtaken(
        database,
        "INSERT INTO audit_entry",
        lambda: pushed.begin_anew(database, other.vault, house.moment),
        lambda: devices.let_go(house.place, subscription("two").endpoint),
    )
    assert (gone, ended) == (2, None)
    assert devices.devices(house.place, house.user_id) == []
