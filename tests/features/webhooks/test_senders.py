"""Senders and their secrets: told once, kept as hashes, renewed at once or with a day's grace, written down."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from projectionist.errors import Conflict, InputWrong, NotFound, SignInNeeded
from projectionist.features.webhooks import service
from projectionist.features.webhooks.service import Shown
from tests.features.webhooks.house import House


def rows(home: House, table: str) -> str:
    with home.database.engine.connect() as connection:
        return repr(connection.execute(text(f"SELECT * FROM {table}")).all())


def renew(home: House, shown: Shown, *, keeps_former: bool) -> Shown:
    return service.renew_secret(
        home.database, shown.sender.id, home.publish, keeps_former=keeps_former, now=home.clock
    )


def test_a_secret_is_told_once_and_stands_nowhere(home: House) -> None:
    shown = home.add()
    assert shown.secret.startswith("projectionist_hook_")
    assert len(shown.secret) > 50
    assert shown.secret not in repr(shown)
    assert shown.secret not in rows(home, "webhook_sender") + rows(home, "audit_entry")
    assert service.hash_of(shown.secret) in rows(home, "webhook_sender")
    assert shown.path == f"/webhooks/{shown.sender.id}"


def test_only_who_can_show_it_nowhere_else_has_it_in_the_address(home: House) -> None:
    by_address = {
        kind: home.add(kind, kind) for kind in ("sonarr", "radarr", "plex", "jellyfin", "emby", "generic")
    }
    assert {kind for kind, one in by_address.items() if one.secret in one.path} == {"plex", "emby"}


def test_each_has_a_name_of_its_own_and_a_kind(home: House) -> None:
    home.add()
    for name, kind, field in (("One", "sonarr", "name"), ("", "sonarr", "name"), ("Two", "kodi", "kind")):
        with pytest.raises(InputWrong) as wrong:
            home.add(kind, name)
        assert wrong.value.field == field
    with pytest.raises(InputWrong):
        home.add(name="a\u202eb")


def test_there_are_fifty_at_most(home: House) -> None:
    for number in range(service.MOST):
        home.add(name=f"Number {number}")
    with pytest.raises(Conflict, match="50 senders"):
        home.add(name="One more")


def test_a_new_secret_ends_the_one_before_at_once(home: House) -> None:
    first = home.add()
    second = renew(home, first, keeps_former=False)
    assert home.known(str(first.sender.id), second.secret).name == "One"
    with pytest.raises(SignInNeeded):
        home.known(str(first.sender.id), first.secret)


def test_where_it_is_asked_for_the_one_before_is_taken_for_another_day(home: House) -> None:
    first = home.add()
    second = renew(home, first, keeps_former=True)
    home.clock.forward(hours=23, minutes=59)
    for secret in (first.secret, second.secret):
        assert home.known(str(first.sender.id), secret).former_until is not None
    home.clock.forward(minutes=2)
    with pytest.raises(SignInNeeded):
        home.known(str(first.sender.id), first.secret)
    assert home.known(str(first.sender.id), second.secret).former_until is None


def test_a_second_renewal_ends_the_first_secret_whatever_grace_it_had(home: House) -> None:
    first = home.add()
    renew(home, first, keeps_former=True)
    renew(home, first, keeps_former=False)
    with pytest.raises(SignInNeeded):
        home.known(str(first.sender.id), first.secret)


def test_who_was_removed_is_refused_and_its_number_is_given_to_nobody_else(home: House) -> None:
    first = home.add()
    service.remove_sender(home.database, first.sender.id, home.publish, now=home.clock)
    with pytest.raises(SignInNeeded):
        home.known(str(first.sender.id), first.secret)
    with pytest.raises(NotFound):
        service.get_sender(home.database, first.sender.id, now=home.clock)
    assert home.add().sender.id > first.sender.id


def test_adding_renewing_and_removing_are_written_down(home: House) -> None:
    shown = home.add()
    renew(home, shown, keeps_former=True)
    service.remove_sender(home.database, shown.sender.id, home.publish, now=home.clock)
    told = rows(home, "audit_entry")
    for act in ("webhook sender added", "secret of a webhook sender renewed", "webhook sender removed"):
        assert act in told
    assert home.published == 3
