from __future__ import annotations

import base64
import fcntl
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import SecretUnreadable, SettingWrong, TargetUnwritable
from projectionist.kit.secrets import KEY_FILE, Secret, Vault, load_key, new_token, next_key, put_key

KEY = bytes(range(32))
PASSPHRASE = "a passphrase of some length"


@given(st.text())
def test_what_is_sealed_opens_and_does_not_show(text: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(text)
    assert vault.open(sealed) == text
    assert sealed != vault.seal(text)
    assert len(text) < 4 or text not in sealed


def test_another_key_opens_nothing_and_says_what_to_do() -> None:
    sealed = Vault(KEY).seal("the token")
    with pytest.raises(SecretUnreadable, match=r"put the former secret.key or PROJECTIONIST_SECRET_KEY back"):
        Vault(bytes(32)).open(sealed)


@given(st.data())
def test_what_was_changed_opens_no_more(data: st.DataObject) -> None:
    vault = Vault(KEY)
    sealed = bytearray(base64.urlsafe_b64decode(vault.seal("the token")[3:]))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SecretUnreadable):
        vault.open("v1." + base64.urlsafe_b64encode(sealed).decode())


@pytest.mark.parametrize("nonsense", ["", "v1.", "v1.AAAA", "the token", "v2.AAAA", "v1.é", "v1.=="])
def test_what_was_never_sealed_is_told_apart(nonsense: str) -> None:
    with pytest.raises(SecretUnreadable):
        Vault(KEY).open(nonsense)


def test_the_first_start_makes_a_key_for_its_owner_only(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert len(key) == 32
    assert load_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert load_key(tmp_path, PASSPHRASE) != key


def test_an_umask_cannot_open_the_key_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_key(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(SettingWrong, match=r"can be read by other users.*chmod 600"):
        load_key(tmp_path)


@pytest.mark.parametrize("content", [b"\n", b"short", b"A" * 60, b"\xff" * 44])
def test_a_file_that_holds_no_key_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / KEY_FILE
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingWrong, match="holds no key of ours; it is left as it is"):
        load_key(tmp_path)
    assert file.read_bytes() == content


def test_a_start_that_was_killed_before_it_wrote_the_key_is_made_good(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch(mode=0o600)
    assert load_key(tmp_path) == load_key(tmp_path)


@pytest.mark.parametrize("make", [load_key, next_key, lambda data: put_key(data, base64.b64encode(KEY))])
def test_a_new_key_and_its_name_are_on_the_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    synced: list[bool] = []
    sync = os.fsync

    def fsync(fd: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(fd).st_mode))
        sync(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    make(tmp_path)
    assert synced == [False, True], "the file, then the folder that holds its name"


def test_a_link_in_the_place_of_the_key_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch(mode=0o600)
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TargetUnwritable):
        load_key(tmp_path)
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_a_start_waits_for_the_key_that_another_is_making(tmp_path: Path) -> None:
    made = base64.urlsafe_b64encode(KEY)
    with ThreadPoolExecutor(1) as other, (tmp_path / KEY_FILE).open("xb") as file:
        (tmp_path / KEY_FILE).chmod(0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = other.submit(load_key, tmp_path)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        file.write(made)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_UN)
        assert waiting.result(60) == KEY


def test_a_passphrase_makes_the_same_key_everywhere_and_must_be_long() -> None:
    nowhere = Path("/nonexistent")
    assert load_key(nowhere, PASSPHRASE) == load_key(nowhere, PASSPHRASE)
    assert load_key(nowhere, PASSPHRASE) != load_key(nowhere, PASSPHRASE + "!")
    with pytest.raises(SettingWrong, match="PROJECTIONIST_SECRET_KEY has 5 characters") as caught:
        load_key(nowhere, "short")
    assert "short" not in caught.value.message


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("the token")
    assert not [
        shown for shown in (str(secret), repr(secret), f"{secret}", f"{[secret]}") if "the token" in shown
    ]
    assert secret.reveal() == "the token"
    assert (secret == Secret("the token"), secret == Secret("another"), bool(Secret(""))) == (
        True,
        False,
        False,
    )
    assert len({secret, Secret("the token")}) == 1


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
