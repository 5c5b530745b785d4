"""The checks of the key and what is sealed with it, each in every state it can be in."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from projectionist.features.doctor import service
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.subjects import secrets
from projectionist.kit.secrets import load_key, load_vault, next_key
from projectionist.opening import open_house
from projectionist.web.ports import Permission, Principal
from tests.api.house import ORIGIN, opened, token_of
from tests.features.doctor.grounds import bare, found, settings_of, stopped_house
from tests.integrations.push_service import Browser

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
BY_CHANCE = base64.b64encode(os.urandom(32)).decode()


@pytest.mark.parametrize("check", ["key", "key-strength", "key-mode"])
def test_before_the_first_start_nothing_is_known_of_the_key(tmp_path: Path, check: str) -> None:
    assert found(bare(tmp_path), check).status is UNKNOWN
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", ["key", "key-strength", "key-mode"])
def test_the_key_that_the_first_start_makes_is_a_good_one(tmp_path: Path, check: str) -> None:
    load_key(tmp_path)
    assert found(bare(tmp_path), check).status is PASS


def test_a_file_that_holds_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("no key")
    assert found(bare(tmp_path), "key").status is FAIL
    assert found(bare(tmp_path), "key-strength").status is UNKNOWN


def test_a_key_given_as_text_has_a_length_to_be_taken(tmp_path: Path) -> None:
    assert found(bare(tmp_path, secret_key="short"), "key").status is FAIL
    assert found(bare(tmp_path, secret_key=BY_CHANCE), "key").status is PASS


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(BY_CHANCE, PASS, id="by chance"),
        ("correct horse battery staple", WARN),
        ("Tr0ub4dor&3-Xkcd93", WARN),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FAIL),
        ("0123012301230123", FAIL),
    ],
)
def test_a_key_that_can_be_guessed_is_told(tmp_path: Path, text: str, status: Status) -> None:
    came = found(bare(tmp_path, secret_key=text), "key-strength")
    assert (came.status, text in came.evidence) == (status, False)


def test_a_key_file_that_repeats_itself_was_not_made_by_chance(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(base64.urlsafe_b64encode(bytes(32)))
    assert found(bare(tmp_path), "key-strength").status is FAIL
    assert found(bare(tmp_path), "key").status is PASS


def test_a_key_that_others_may_read_is_closed_on_demand(tmp_path: Path) -> None:
    load_key(tmp_path)
    (tmp_path / "secret.key").chmod(0o640)
    assert found(bare(tmp_path), "key-mode").status is FAIL
    before = (tmp_path / "secret.key").read_bytes()
    mended = service.mend(bare(tmp_path), "key-mode")
    assert mended.result.status is PASS
    assert (tmp_path / "secret.key").read_bytes() == before
    load_key(tmp_path)


def test_a_key_given_as_text_has_no_file_to_be_read(tmp_path: Path) -> None:
    assert found(bare(tmp_path, secret_key=BY_CHANCE), "key-mode").status is PASS


def test_a_rotation_that_was_cut_off_is_told(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "key-rotation").status is PASS
    next_key(tmp_path)
    assert found(bare(tmp_path), "key-rotation").status is WARN


def test_every_kept_token_is_opened(tmp_path: Path) -> None:
    with opened(tmp_path / "data"):
        pass
    with stopped_house(tmp_path / "data") as ground:
        assert found(ground, "tokens").status is PASS
    (tmp_path / "data" / "secret.key").unlink()
    load_key(tmp_path / "data")
    with stopped_house(tmp_path / "data") as ground:
        came = found(ground, "tokens")
    assert came.status is FAIL
    assert found(bare(tmp_path), "tokens").status is UNKNOWN


def test_a_kept_secret_that_is_no_token_is_opened_too(tmp_path: Path) -> None:
    with opened(tmp_path / "data"):
        pass
    (tmp_path / "elsewhere").mkdir()
    strange = load_vault(tmp_path / "elsewhere").seal("the key of a list")
    with stopped_house(tmp_path / "data") as ground:
        assert ground.opened is not None
        with ground.opened.database.write() as session:
            session.execute(
                text("INSERT INTO cache_list_key (service, key) VALUES ('trakt', :it)"), {"it": strange}
            )
        came = found(ground, "tokens")
    assert (came.status, "1 of" in came.evidence) == (FAIL, True)


def test_a_key_of_push_services_that_cannot_be_opened_is_told_and_begun_anew_on_demand(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    browser = Browser("https://push.example.org")
    with opened(data) as house, house.visitor() as client:
        with stopped_house(data) as ground:
            assert found(ground, "push-key").evidence == "No browser was ever notified."
        assert (
            client.post("/api/v1/me/devices", json=browser.sent, headers=token_of(client)).status_code == 201
        )
    with stopped_house(data) as ground:
        assert found(ground, "push-key").status is PASS
    (data / "secret.key").unlink()
    load_key(data)
    with _opened_again(data) as client:
        told = client.get("/api/v1/push-key")
        assert (told.status_code, told.json()["code"]) == (409, "house_key_unreadable")
        assert "begins anew on the page Doctor" in told.json()["detail"]
        assert client.get("/account/notifications").status_code == 200
    with stopped_house(data) as ground:
        assert found(ground, "push-key").status is FAIL
        mended = service.mend(ground, "push-key")
        assert mended.result.status is PASS
        assert "Browsers removed: 1;" in mended.sentence
    with _opened_again(data) as client:
        assert client.get("/api/v1/me/devices").json()["total"] == 0
        added = client.post("/api/v1/me/devices", json=browser.sent, headers=token_of(client))
        assert added.status_code == 201


@contextmanager
def _opened_again(data: Path) -> Iterator[TestClient[Litestar]]:
    """The house of that folder, as its administrator visits it."""
    person = Principal(1, "ada", "administrator", frozenset(Permission))
    with (
        open_house(settings_of(data), exclusive=True) as house,
        TestClient(house.web(identify=lambda request: person), base_url=ORIGIN) as client,
    ):
        yield client


def test_a_house_without_tokens_has_none_to_open() -> None:
    assert secrets.judge_tokens(0, 0, []).status is PASS
    assert secrets.judge_tokens(1, 0, []).status is PASS


@pytest.mark.parametrize(("mode", "status"), [(0o600, PASS), (0o640, WARN), (0o604, FAIL)])
def test_a_setup_file_is_for_its_owner(tmp_path: Path, mode: int, status: Status) -> None:
    file = tmp_path / "setup.toml"
    file.touch()
    file.chmod(mode)
    assert found(bare(tmp_path, setup_file=str(file)), "setup-file").status is status


def test_no_setup_file_tells_nothing(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "setup-file").status is PASS
    assert found(bare(tmp_path, setup_file=str(tmp_path / "gone.toml")), "setup-file").status is PASS


def test_no_evidence_shows_a_secret(tmp_path: Path) -> None:
    ground = bare(tmp_path, secret_key=BY_CHANCE, database_url="postgresql://ada:canary-1@db.lan/films")
    report = service.examine(ground)
    told = " ".join(one.finding.evidence for one in report.results)
    assert ("canary-1" in told, BY_CHANCE in told) == (False, False)
