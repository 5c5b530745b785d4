"""The doctor in German: what its page shows is translated, what programs get and what is kept stays English."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.findings import findings_below
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.service import CHECKS, examine
from projectionist.web.words import catalogue_of, is_sentence, said, sentence, speaking
from tests.api.house import Open, opened, token_of
from tests.features.doctor.grounds import start_once, stopped_house

ROOT = Path(__file__).parents[3]
TITLE = "Niemand sonst darf in den Datenordner"
EVIDENCE = "hat die Rechte 0777: Jeder Benutzer dieses Rechners darf ändern, was darin liegt."
WHY = "Darin liegen der Schlüssel und die Datenbank: Wer sie ändern kann, kann Administrator werden."
MEND = "chmod 700 auf den Datenordner."


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


def shown(text: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def in_english(ground: Ground) -> list[str]:
    """What a German page would still say in English of an examination."""
    with speaking("de"):
        evidence = [one.finding.evidence for one in examine(ground).results]
        return [one for one in evidence if sentence(one) == one]


def test_the_page_speaks_german_and_the_api_english(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        assert client.patch("/api/v1/me", json={"language": "de"}, headers=headers).status_code == 200
        house.house.settings.data.chmod(0o777)
        client.post("/doctor/examine", headers=headers)
        page = shown(client.get("/doctor").text)
        assert [
            words for words in (TITLE, EVIDENCE, WHY, MEND, "Ordner absichern") if words not in page
        ] == []
        assert "Nobody else may enter the data folder" not in page
        assert EVIDENCE in shown(client.get("/").text)
        report = client.get("/api/v1/doctor").json()
        told = next(one for one in report["checks"] if one["id"] == "data-folder-mode")
        assert told["title"] == "Nobody else may enter the data folder"
        assert "every user of this machine may change what is in it" in told["evidence"]
        assert (told["why"][:12], told["mend"]) == ("It holds the", "chmod 700 the data folder.")


def test_what_was_mended_and_what_was_not_is_told_in_german(house: Open) -> None:
    data = house.house.settings.data
    with house.visitor() as client:
        headers = token_of(client)
        client.patch("/api/v1/me", json={"language": "de"}, headers=headers)
        data.chmod(0o777)
        mended = client.post("/doctor/mend/data-folder-mode", headers=headers)
        assert f"{data} hat jetzt die Rechte 0700." in shown(mended.text)
        again = client.post("/doctor/mend/data-folder-mode", headers=headers)
        assert "Hier ist nichts mehr falsch" in shown(again.text)
        workers = shown(client.post("/doctor/mend/workers", headers=headers).text)
        assert "Das muss ein Mensch beheben; nichts wurde geändert. Starte projectionist serve" in workers


def test_nothing_that_an_examination_finds_is_left_in_english(house: Open, tmp_path: Path) -> None:
    assert in_english(house.house.doctor._ground()) == []
    start_once(tmp_path / "stopped")
    with stopped_house(tmp_path / "stopped") as ground:
        assert in_english(ground) == []
    with stopped_house(tmp_path / "never-started") as ground:
        assert in_english(ground) == []


def test_every_check_has_its_words_in_german() -> None:
    with speaking("de"):
        words = [text for one in CHECKS for text in (one.title, one.why, one.mend, one.button) if text]
        assert [text for text in words if said(text) == text] == []


def test_every_sentence_of_a_finding_is_found_again_whatever_is_put_in() -> None:
    german, missed = catalogue_of("de"), []
    for message in {text for _path, text in findings_below(ROOT) if is_sentence(text)}:
        names = re.findall(r"%\((\w+)\)s", message)
        values = dict.fromkeys(names, "/mnt/b2") | (
            {names[-1]: "There is no such check."} if not message.endswith(".") else {}
        )
        in_german = {
            name: value.replace("There is no such check", "Diese Prüfung gibt es nicht")
            for name, value in values.items()
        }
        with speaking("de"):
            if sentence(message % values) != german.said(message) % in_german:
                missed.append(message)
    assert missed == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize("made", ["a: ", "a: b at c, d. ", "/a has mode 1: "])
def test_a_sentence_in_a_sentence_in_a_sentence_comes_to_an_end(made: str) -> None:
    with speaking("de"):
        assert sentence(made * (590 // len(made)) + "so it is.").endswith("so it is.")
