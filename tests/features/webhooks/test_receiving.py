"""Who is believed, how often, and what follows from what they tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from projectionist.errors import SignInNeeded, TellingWrong, TooManyRequests
from projectionist.features.webhooks import service
from projectionist.features.webhooks.service import Shown
from projectionist.jobs.ports import JobState
from tests.features.webhooks.house import ADDRESS, House
from tests.features.webhooks.tellings import plex, radarr, said, sonarr, sonarr_test


def refusal(home: House, named: str, secret: str, *, by_address: bool = False) -> str:
    with pytest.raises(SignInNeeded) as refused:
        home.known(named, secret, by_address=by_address)
    return refused.value.message


def counts(home: House, shown: Shown) -> tuple[int, int]:
    one = service.get_sender(home.database, shown.sender.id, now=home.clock)
    return one.heard_count, one.refused_count


def test_a_wrong_secret_and_an_unknown_sender_are_told_the_same(home: House) -> None:
    one, two = home.add(), home.add(name="Two")
    mine = str(one.sender.id)
    wrong = ["", "x", one.secret[:-1], one.secret + "x", one.secret.upper(), two.secret, "\udcff", "é" * 50]
    told = {refusal(home, mine, secret) for secret in wrong}
    told |= {refusal(home, named, one.secret) for named in ("999", "0", "-1", "", "x", "1e3", "٣", "9" * 30)}
    assert len(told) == 1
    assert counts(home, one) == (0, len(wrong))
    assert home.known(mine, one.secret).id == one.sender.id


def test_the_hash_of_nobody_opens_nothing(home: House) -> None:
    one = home.add()
    for guess in ("nobody's", service.hash_of(one.secret), service.hash_of("nobody's")):
        refusal(home, str(one.sender.id), guess)


def test_only_who_can_show_it_nowhere_else_may_show_it_in_the_address(home: House) -> None:
    header, address = home.add("radarr", "Radarr"), home.add("plex", "Plex")
    same = refusal(home, "999", "x")
    assert refusal(home, str(header.sender.id), header.secret, by_address=True) == same
    assert home.known(str(address.sender.id), address.secret, by_address=True).name == "Plex"
    assert home.known(str(address.sender.id), address.secret).name == "Plex"


def test_who_guesses_is_slowed_down_and_silences_nobody_behind_the_same_address(home: House) -> None:
    one = home.add()
    for _ in range(20):
        refusal(home, str(one.sender.id), "guess")
    with pytest.raises(TooManyRequests) as often:
        home.known(str(one.sender.id), "guess")
    assert often.value.retry_after_s > 0
    with pytest.raises(TooManyRequests):
        home.known("999", "guess")
    assert home.known(str(one.sender.id), one.secret).name == "One"
    assert home.known(str(one.sender.id), one.secret, address="198.51.100.1").name == "One"


def test_a_sender_tells_a_hundred_and_twenty_times_a_minute_from_one_address(home: House) -> None:
    one, two = home.add(), home.add(name="Two")
    for _ in range(120):
        home.known(str(one.sender.id), one.secret)
    with pytest.raises(TooManyRequests):
        home.known(str(one.sender.id), one.secret)
    assert home.limits[-1].granted == 0
    home.known(str(one.sender.id), one.secret, address="198.51.100.1")
    home.known(str(two.sender.id), two.secret)
    home.clock.forward(minutes=1, seconds=1)
    home.known(str(one.sender.id), one.secret)


def test_a_new_episode_has_its_folder_looked_at_and_waited_for(home: House) -> None:
    sender = home.add().sender
    outcome = home.told(sender, sonarr())
    (look,) = home.looks()
    assert look.arguments["folder"] == "/shows/Dark/S01"
    assert look.arguments["files"] == {"e1.mkv": 1000}
    assert look.asked_by == "webhook One"
    assert (outcome.word, outcome.note) == ("looked", "/shows/Dark/S01")


def test_a_server_that_speaks_of_itself_has_its_library_read(home: House) -> None:
    sender = home.add("plex").sender
    home.told(sender, plex(library=1))
    home.told(sender, plex(library="1"))
    (look,) = home.looks()
    assert set(look.arguments) == {"server_id", "library_id"}
    home.told(sender, plex(library=99))
    assert [set(job.arguments) for job in home.looks()] == [{"server_id", "library_id"}, {"server_id"}]


def test_a_server_that_is_none_of_ours_changes_nothing(home: House) -> None:
    outcome = home.told(home.add("plex").sender, plex(server="another"))
    assert outcome.word == "ignored"
    assert "none of the servers here" in outcome.note
    assert home.looks() == []


def test_what_is_told_again_and_again_is_one_look_and_at_most_one_more(home: House) -> None:
    sender = home.add("radarr").sender
    for _ in range(30):
        home.told(sender, radarr())
    (first,) = home.looks()
    home.jobs.held[first.id] = replace(first, state=JobState.RUNNING)
    for _ in range(30):
        home.told(sender, radarr())
    assert len(home.looks()) == 2, "one runs and may have looked already, one follows it"


def test_a_deletion_removes_nothing_by_itself(home: House) -> None:
    sender = home.add().sender
    home.told(sender, sonarr("EpisodeFileDelete"))
    home.told(sender, said(eventType="SeriesDelete", series={"path": "/shows/Dark"}, deletedFiles=True))
    assert {job.kind for job in home.jobs.held.values()} == {"webhooks.look"}
    assert [job.arguments["files"] for job in home.looks()] == [{}, {}]
    with home.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM item")).scalar_one() == 1


def test_a_test_and_what_is_none_of_our_business_are_noted(home: House) -> None:
    sender = home.add().sender
    assert home.told(sender, sonarr_test()).word == "test"
    assert home.told(sender, sonarr("Grab")).word == "unknown"
    assert home.told(sender, sonarr("SomethingNew")).word == "unknown"
    assert home.looks() == []


def test_a_path_in_no_library_is_told_on_the_page(home: House) -> None:
    outcome = home.told(home.add().sender, sonarr(path="/tv/Dark/e1.mkv"))
    assert (outcome.word, home.looks()) == ("ignored", [])
    assert "/tv/Dark is in no library here" in outcome.note


def test_the_last_fifty_are_kept_without_what_was_sent(home: House) -> None:
    sender, other = home.add().sender, home.add(name="Two").sender
    home.told(other, sonarr_test())
    for number in range(60):
        home.told(sender, said(eventType=f"Event {number}", secret="canary-of-a-payload"))
    with pytest.raises(TellingWrong):
        home.told(sender, b"{}")
    kept = service.deliveries(home.database, sender.id)
    assert (len(kept.items), kept.total) == (50, 50)
    assert [one.event for one in kept.items][:3] == ["", "Event 59", "Event 58"]
    assert [one.outcome for one in kept.items][:2] == ["wrong", "unknown"]
    assert {one.address for one in kept.items} == {ADDRESS}
    assert "canary" not in repr([vars(one) for one in kept.items])
    assert service.deliveries(home.database, other.id).total == 1
    assert counts(home, Shown(sender, "")) == (61, 0)


def test_what_cannot_be_shown_is_spelled_out(home: House) -> None:
    home.told(home.add().sender, said(eventType="a\u202eb\nc" + "x" * 100))
    (one,) = service.deliveries(home.database, 1).items
    assert one.event.startswith("a\\u202eb\\nc")
    assert len(one.event) <= 60


def test_a_telling_with_a_thousand_folders_is_looked_at_in_part(home: House) -> None:
    paths = [f"/media/{number}/f.mkv" for number in range(900)]
    home.told(home.add("generic").sender, said(paths=paths))
    assert len(home.looks()) == 20
