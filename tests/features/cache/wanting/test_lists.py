"""Lists that are kept elsewhere: what of them is wished for, for whom, and what stays while they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from projectionist.errors import (
    Conflict,
    InputWrong,
    NotFound,
    ServerAnswerWrong,
    ServerFailed,
    ServerUnreachable,
    ServiceError,
)
from projectionist.features.cache.models import ListKeyRow
from projectionist.features.cache.wanting.choosing import EVERYBODY, choose
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.lists.records import KeptList, NewList
from projectionist.features.cache.wanting.wants import Source
from projectionist.integrations.lists.imdb import ImdbExport
from projectionist.kit.secrets import Vault
from projectionist.media.lists import ListAddress, ListedWork, ListKind, ListService, TitleList
from projectionist.media.vocabulary import ExternalId, ItemKind
from tests.features.cache.stage import Moving
from tests.features.cache.wanting.home import Home, film, series
from tests.features.library.shelves import NOW

HOURS = timedelta(hours=1)
KEY = "canary-of-the-list-key-5d1e"


@dataclass
class Told:
    """A list that tells what `Elsewhere` says."""

    elsewhere: Elsewhere
    address: ListAddress

    def works(self, most: int) -> Sequence[ListedWork]:
        self.elsewhere.asked.append((self.address, most))
        failure = self.elsewhere.failures.get(self.address.service)
        if failure is not None:
            raise failure
        return self.elsewhere.works.get(self.address.kind, ())[:most]

    def close(self) -> None:
        self.elsewhere.open -= 1


@dataclass
class Elsewhere:
    """The services: what each kind of list holds, which fail, and what was asked."""

    works: dict[ListKind, Sequence[ListedWork]] = field(default_factory=dict)
    failures: dict[ListService, ServiceError] = field(default_factory=dict)
    asked: list[tuple[ListAddress, int]] = field(default_factory=list)
    open: int = 0

    def connect(self, address: ListAddress) -> TitleList:
        if address.service is ListService.IMDB:
            self.asked.append((address, 0))
            self.open += 1
            return Closing(ImdbExport(address), self)
        self.open += 1
        return Told(self, address)


@dataclass
class Closing:
    """An exported list whose end is counted."""

    inner: TitleList
    elsewhere: Elsewhere

    def works(self, most: int) -> Sequence[ListedWork]:
        return self.inner.works(most)

    def close(self) -> None:
        self.elsewhere.open -= 1


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


def listing(home: Home, elsewhere: Elsewhere) -> Lists:
    """The lists of a home, with a key of each service."""
    lists = Lists(home.database, home, Vault(bytes(32)), elsewhere.connect, Moving(NOW))
    home.lists = lists
    with home.database.write() as session:
        for service in ("trakt", "tmdb"):
            session.add(ListKeyRow(service=service, key=Vault(bytes(32)).seal(KEY)))
    return lists


def work(kind: ItemKind = ItemKind.MOVIE, **ids: str) -> ListedWork:
    return ListedWork(kind, tuple(ExternalId(source, value) for source, value in ids.items()))


def id_(source: str, value: str) -> Sequence[ExternalId]:
    return (ExternalId(source, value),)


TRENDING = NewList(ListService.TRAKT, ListKind.TRENDING_MOVIES)
SHOWS = NewList(ListService.TMDB, ListKind.TRENDING_SHOWS)


def test_what_is_on_a_list_and_in_the_library_is_wished_for_by_its_ids(
    home: Home, elsewhere: Elsewhere
) -> None:
    home.hold(
        film("by-imdb", ids=id_("imdb", "tt1")),
        film("by-tmdb", ids=id_("tmdb", "2")),
        film("by-tvdb", ids=id_("tvdb", "3")),
        film("other", ids=id_("tmdb", "1")),
    )
    home.hold(*series("show-with-a-films-number", ids=id_("tmdb", "2")))
    home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = (
        work(imdb="tt1", tmdb="1"),
        work(imdb="tt2", tmdb="2"),
        work(imdb="tt9", tmdb="9", tvdb="3"),
        work(imdb="tt404"),
        work(),
    )
    added = listing(home, elsewhere).add(TRENDING)
    assert (added.name, added.owned) == ("Trakt: trending films", 3)
    assert home.named(Source.LIST) == ["by-imdb", "by-tmdb", "by-tvdb"], "the surest id that is known decides"
    want = home.wants()["by-tmdb"]
    assert [(one.name, one.why) for one in want.terms] == [
        ("list", "it is number 2 on the list Trakt: trending films")
    ]
    assert 0 < want.terms[0].points == want.score
    assert elsewhere.open == 0


def test_strict_looks_at_the_first_titles_only_and_fill_walks_on_until_so_many_are_owned(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    for number in (2, 4, 6):
        quick_home.hold(film(f"f{number}", ids=id_("imdb", f"tt{number}")))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb=f"tt{number}") for number in range(1, 200)]
    lists = listing(quick_home, elsewhere)
    strict = lists.add(replace(TRENDING, most=2))
    assert (strict.owned, quick_home.named(Source.LIST)) == (1, ["f2"])
    filled = lists.change(strict.id, replace(TRENDING, most=2, fill=True))
    assert (filled.owned, quick_home.named(Source.LIST)) == (2, ["f2", "f4"])
    assert [most for _, most in elsewhere.asked] == [2, 100], "no list is looked at beyond its 100th title"


def test_of_a_show_the_first_episodes_that_somebody_has_not_watched_are_wanted(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    quick_home.hold(*series("s", episodes=9, ids=id_("tvdb", "1")), *series("t", ids=id_("tvdb", "2")))
    quick_home.hold(*series("u", episodes=1, ids=id_("tvdb", "3")))
    quick_home.watch("1", "s-1-1", "s-1-2", "t-1-1", "t-1-2", "t-1-3", at=NOW - timedelta(days=300))
    quick_home.watch("2", "t-1-1", "t-1-2", "t-1-3", at=NOW - timedelta(days=300))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_SHOWS] = [
        work(ItemKind.SHOW, tvdb=number) for number in ("1", "2", "3")
    ]
    lists = listing(quick_home, elsewhere)
    mine = lists.add(replace(SHOWS, account_id=quick_home.account("1")))
    assert quick_home.named(Source.LIST) == ["s-1-3", "s-1-4", "u-1-1"]
    lists.change(mine.id, SHOWS)
    assert quick_home.named(Source.LIST) == ["s-1-1", "s-1-2", "s-1-3", "s-1-4", "u-1-1"], "Ben's first too"
    shared = quick_home.wants()["u-1-1"]
    assert (set(shared.accounts), [one.name for one in shared.terms]) == (set(), ["list"]), (
        "nobody's in particular"
    )


def test_a_list_is_for_one_person_or_for_all_who_did_not_switch_lists_off(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    quick_home.hold(film("f", ids=id_("imdb", "tt1")))
    quick_home.watch("2", "f", at=NOW - timedelta(days=300))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    lists = listing(quick_home, elsewhere)
    added = lists.add(TRENDING)
    ada, ben = quick_home.account("1"), quick_home.account("2")
    assert quick_home.named(Source.LIST) == ["f"]
    choose(quick_home.database, Source.LIST, ada, False)
    assert quick_home.named(Source.LIST) == [], "Ben has watched it, and Ada wants no lists"
    choose(quick_home.database, Source.LIST, ada, None)
    lists.change(added.id, replace(TRENDING, account_id=ben))
    assert quick_home.named(Source.LIST) == []
    lists.change(added.id, replace(TRENDING, account_id=ada))
    assert quick_home.wants()["f"].accounts == {ada}
    choose(quick_home.database, Source.LIST, EVERYBODY, False)
    assert quick_home.named(Source.LIST) == []
    assert quick_home.failing() == []


def test_what_a_list_named_stays_while_it_fails_and_the_failure_is_told(
    home: Home, elsewhere: Elsewhere
) -> None:
    home.hold(film("f", ids=id_("imdb", "tt1")), film("g", ids=id_("imdb", "tt2")))
    home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    lists = listing(home, elsewhere)
    added = lists.add(replace(TRENDING, name="What all watch"))
    elsewhere.failures[ListService.TRAKT] = ServerFailed("Trakt is out of order.")
    for hours in (7, 100):
        assert home.named(Source.LIST, NOW + hours * HOURS) == ["f"], "unknown is not gone"
    failed = home.look(NOW + 100 * HOURS).wanted.failed
    assert [(one.source, one.server, one.since, one.reason, one.kept) for one in failed] == [
        (Source.LIST, "What all watch", NOW + 7 * HOURS, "Trakt is out of order.", 1)
    ]
    assert lists.get(added.id).answered_at == NOW
    elsewhere.failures.clear()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt2")]
    later = NOW + 101 * HOURS
    assert (home.named(Source.LIST, later), home.failing(later)) == (["g"], [])


@pytest.mark.parametrize("answer", [[], [ListedWork(ItemKind.MOVIE, ())]])
def test_a_list_that_answers_that_it_is_empty_is_believed(
    quick_home: Home, elsewhere: Elsewhere, answer: Sequence[ListedWork]
) -> None:
    quick_home.hold(film("f", ids=id_("imdb", "tt1")))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    listing(quick_home, elsewhere).add(TRENDING)
    elsewhere.works[ListKind.TRENDING_MOVIES] = answer
    assert quick_home.named(Source.LIST, NOW + 7 * HOURS) == []


def test_lists_are_asked_every_six_hours_and_after_a_failure_sooner(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    lists = listing(quick_home, elsewhere)
    lists.add(TRENDING)
    counts = []
    for minutes in (1, 359, 360, 361, 719):
        quick_home.look(NOW + timedelta(minutes=minutes))
        counts.append(len(elsewhere.asked))
    elsewhere.failures[ListService.TRAKT] = ServerAnswerWrong("Trakt answered without `ids`.")
    for minutes in (720, 734, 735):
        quick_home.look(NOW + timedelta(minutes=minutes))
        counts.append(len(elsewhere.asked))
    assert counts == [1, 1, 2, 2, 2, 3, 3, 4]
    quick_home.look(NOW - timedelta(days=1))
    assert len(elsewhere.asked) == 5, "a clock that was set back holds no list up for ever"


def test_who_is_out_of_order_is_asked_once_and_not_for_each_list(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    lists = listing(quick_home, elsewhere)
    for number in range(3):
        lists.add(replace(TRENDING, name=f"list {number}"))
    lists.add(SHOWS)
    elsewhere.asked.clear()
    elsewhere.failures[ListService.TRAKT] = ServerUnreachable("Trakt did not answer.")
    quick_home.look(NOW + 7 * HOURS)
    assert sorted(address.service for address, _ in elsewhere.asked) == ["tmdb", "trakt"]
    assert [one[3] for one in quick_home.failing(NOW + 7 * HOURS)] == ["Trakt did not answer."] * 3


def test_a_list_that_is_off_is_neither_asked_nor_wished_for_and_comes_back_as_it_was(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    quick_home.hold(film("f", ids=id_("imdb", "tt1")))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    lists = listing(quick_home, elsewhere)
    added = lists.add(TRENDING)
    lists.switch(added.id, False)
    assert quick_home.named(Source.LIST, NOW + 9 * HOURS) == []
    assert len(elsewhere.asked) == 1
    lists.switch(added.id, True)
    assert quick_home.named(Source.LIST, NOW + HOURS) == ["f"]
    lists.remove(added.id)
    assert quick_home.named(Source.LIST) == []
    with pytest.raises(NotFound):
        lists.get(added.id)


def test_an_exported_list_is_matched_again_as_the_library_grows(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    lists = listing(quick_home, elsewhere)
    content = "Const,Title,Title Type\ntt1234567,A film,Movie\ntt7654321,B film,Movie\n"
    new = NewList(ListService.IMDB, ListKind.EXPORT, name="Mine", content=content)
    added = lists.add(new)
    assert (added.owned, quick_home.named(Source.LIST)) == (0, [])
    quick_home.hold(film("f", ids=id_("imdb", "tt1234567")))
    quick_home.sync()
    assert quick_home.named(Source.LIST, NOW + 7 * HOURS) == ["f"]
    kept = lists.change(added.id, replace(new, content="", most=1))
    assert (kept.owned, kept.most) == (1, 1), "the file that is there stays where none is sent"


def test_a_list_is_kept_once_it_has_answered_and_else_nothing_is(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    lists = listing(quick_home, elsewhere)
    elsewhere.failures[ListService.TRAKT] = ServerFailed("Trakt is out of order.")
    with pytest.raises(ServerFailed):
        lists.add(TRENDING)
    assert lists.all() == []
    elsewhere.failures.clear()
    first = lists.add(TRENDING)
    with pytest.raises(Conflict, match="There is a list named Trakt: trending films already"):
        lists.add(TRENDING)
    elsewhere.failures[ListService.TRAKT] = ServerFailed("Trakt is out of order.")
    with pytest.raises(ServerFailed):
        lists.change(first.id, replace(TRENDING, most=5))
    assert lists.all() == [first]


@pytest.mark.parametrize(
    ("new", "wrong"),
    [
        (NewList(ListService.TMDB, ListKind.WATCHLIST, "ada"), "kind"),
        (NewList(ListService.IMDB, ListKind.TRENDING_MOVIES), "kind"),
        (NewList(ListService.IMDB, ListKind.EXPORT), "content"),
        (NewList(ListService.TRAKT, ListKind.WATCHLIST), "where"),
        (replace(TRENDING, most=0), "most"),
        (replace(TRENDING, most=101), "most"),
        (replace(TRENDING, name="n" * 201), "name"),
        (replace(TRENDING, account_id=999), "account_id"),
    ],
)
def test_what_cannot_be_a_list_is_refused_by_its_field(
    quick_home: Home, elsewhere: Elsewhere, new: NewList, wrong: str
) -> None:
    with pytest.raises(InputWrong) as raised:
        listing(quick_home, elsewhere).add(new)
    assert (raised.value.field, elsewhere.asked) == (wrong, [])


def test_a_key_is_kept_sealed_for_all_lists_of_its_service_and_never_shown(
    home: Home, elsewhere: Elsewhere
) -> None:
    lists = Lists(home.database, home, Vault(bytes(32)), elsewhere.connect, Moving(NOW))
    with pytest.raises(InputWrong, match="No key of Trakt is kept") as raised:
        lists.add(TRENDING)
    assert raised.value.field == "key"
    added = lists.add(replace(TRENDING, key=f" {KEY}\n"))
    lists.add(replace(TRENDING, name="again"))
    assert [address.key for address, _ in elsewhere.asked] == [KEY, KEY]
    assert KEY not in repr((added, elsewhere.asked, replace(TRENDING, key=KEY)))
    with home.database.read() as session:
        assert KEY not in session.get_one(ListKeyRow, "trakt").key
    assert lists.keys() == {ListService.TRAKT: True, ListService.TMDB: False}


def test_without_its_key_a_list_keeps_what_it_named_and_says_what_is_missing(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    quick_home.hold(film("f", ids=id_("imdb", "tt1")))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    lists = listing(quick_home, elsewhere)
    lists.add(TRENDING)
    lists.drop_key(ListService.TRAKT)
    later = NOW + 7 * HOURS
    assert quick_home.named(Source.LIST, later) == ["f"]
    assert [one[3] for one in quick_home.failing(later)] == ["No key of Trakt is kept; enter yours."]
    with quick_home.database.write() as session:
        session.add(ListKeyRow(service="trakt", key=Vault(bytes([1]) * 32).seal(KEY)))
    later += HOURS
    assert quick_home.named(Source.LIST, later) == ["f"]
    assert "cannot be read with this installation's key" in quick_home.failing(later)[0][3]
    lists.keep_key(ListService.TRAKT, KEY)
    later += HOURS
    assert quick_home.failing(later) == []


def test_a_key_that_its_service_refuses_does_not_replace_the_one_that_is_kept(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    lists = listing(quick_home, elsewhere)
    elsewhere.failures[ListService.TMDB] = ServerFailed("TMDb is out of order.")
    with pytest.raises(ServerFailed):
        lists.keep_key(ListService.TMDB, "another")
    for service, key in ((ListService.IMDB, "a key"), (ListService.TRAKT, "  ")):
        with pytest.raises(InputWrong):
            lists.keep_key(service, key)
    elsewhere.failures.clear()
    lists.add(SHOWS)
    assert elsewhere.asked[-1][0].key == KEY


def test_an_answer_that_comes_after_the_list_was_changed_is_thrown_away(
    quick_home: Home, elsewhere: Elsewhere
) -> None:
    quick_home.hold(film("f", ids=id_("imdb", "tt1")), film("g", ids=id_("imdb", "tt2")))
    quick_home.sync()
    elsewhere.works[ListKind.TRENDING_MOVIES] = [work(imdb="tt1")]
    elsewhere.works[ListKind.POPULAR_MOVIES] = [work(imdb="tt2")]
    watch = Moving(NOW)
    changed: list[KeptList] = []

    def connect(address: ListAddress) -> TitleList:
        if address.kind is ListKind.TRENDING_MOVIES and watch.at != NOW and not changed:
            new = replace(TRENDING, kind=ListKind.POPULAR_MOVIES)
            changed.append(lists.change(added.id, new))
        return elsewhere.connect(address)

    listing(quick_home, elsewhere)
    lists = Lists(quick_home.database, quick_home, Vault(bytes(32)), connect, watch)
    quick_home.lists = lists
    added = lists.add(TRENDING)
    watch.at = NOW + 7 * HOURS
    assert quick_home.named(Source.LIST, watch.at) == ["g"]
    assert len(changed) == 1
