"""The API as a machine that has read its description tries it: every operation, with good and with absurd input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup

from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.sessions import COOKIE, hash_of
from projectionist.features.accounts.users import links
from projectionist.settings.choices import Registration
from projectionist.web.access import declared_routes
from projectionist.web.documents import METHODS, openapi_of
from projectionist.web.ports import Principal
from tests.api.allowed import NEEDED, ROLES, may
from tests.api.house import PASSWORD, Open, opened
from tests.serving import served

EXAMPLES = 8
"""Requests of the administrator per operation and kind of input."""

OTHERS_EXAMPLES = 2
"""Requests of each other role."""

SIGNS_OUT = {"sign_out", "sign_user_out", "revoke_sign_in", "revoke_other_sign_ins"}
"""Operations after which somebody may be a stranger: for each request of them they sign in anew."""

REFUSAL = {"": (401, "Nobody is signed in here"), "others": (403, "it needs the permission")}
"""What the guard answers to who may not: status, and words of its own; to strangers, and to all others."""

UNASKED = ("There is nothing at this address", "The request holds the null character")
"""What is told before the guard is asked: of an address that is none, as where a number in it is none, and of what
no request may hold, whoever sends it."""

load_all_checks()
KEPT = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
)


class Crowd:
    """Somebody of each of these roles, and the headers that their browsers send; nobody where the role is empty."""

    def __init__(self, house: Open, address: str, roles: Sequence[str]) -> None:
        self._database, self._now = house.house.database, house.house.clock.now
        with httpx2.Client(base_url=address) as browser:
            browser.get("/sign-in")
            self._csrf = browser.cookies["projectionist_csrf"]
        founder = accounts.known(self._database, hash_of(house.session), now=self._now)
        assert founder is not None
        self._people = {role: self._joined(founder, role) for role in roles if role}
        self.headers = {role: self._sent("") for role in roles}
        self.sign_in()

    def sign_in(self) -> None:
        """Sign everybody in anew."""
        for role, person in self._people.items():
            new = accounts.welcome(self._database, person, now=self._now, address="127.0.0.1")
            self.headers[role] = self._sent(f"; {COOKIE}={new.token}")

    def _sent(self, session: str) -> dict[str, str]:
        return {"x-csrf-token": self._csrf, "cookie": f"projectionist_csrf={self._csrf}{session}"}

    def _joined(self, founder: Principal, role: str) -> Principal:
        if role == founder.role:
            return founder
        made = links.invite(self._database, founder, role, "", now=self._now)
        return links.join(
            self._database,
            made.token,
            role,
            PASSWORD,
            registration=Registration.INVITATION,
            now=self._now,
        )


def operations(house: Open) -> Iterator[Any]:
    described = {
        **openapi_of(house.app),
        "security": [],
    }  # who may is told apart from the document, in `allowed`
    schema = schemathesis.openapi.from_dict(described)
    for found in schema.get_all_operations():
        yield found.ok()  # type: ignore[union-attr]  # one that is wrong fails here


def name_of(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def try_operation(
    operation: Any, mode: GenerationMode, address: str, crowd: Crowd, examples: int
) -> list[str]:
    """What this operation answered anybody that its description does not promise."""
    wrong: dict[str, str] = {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        for role in crowd.headers:
            if name_of(operation) in SIGNS_OUT:
                crowd.sign_in()
            answer = case.call(base_url=address, headers=crowd.headers[role], timeout=20)
            for title, reason in found_wrong(case, answer, role):
                said = f"{operation.label} as {role or 'nobody'}: {reason}"
                wrong.setdefault(f"{role} {title}", f"{said} {answer.request.url} {answer.request.body!r}")

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes no values
        attempt()
    if name_of(operation) in SIGNS_OUT:
        crowd.sign_in()
    return list(wrong.values())


def found_wrong(case: Any, answer: Any, role: str) -> Iterator[tuple[str, str]]:
    """Title and reason of all that an answer breaks."""
    try:
        case.validate_response(answer, checks=KEPT)
    except (Failure, FailureGroup) as failure:
        for reason in failure.exceptions if isinstance(failure, FailureGroup) else [failure]:
            if "in query" in str(reason) and "violates `oneOf`" in str(reason):
                continue  # one word in a query is how a list of one is spelled
            yield reason.title, str(reason)
    if "Traceback" in answer.text or 'File "' in answer.text:
        yield "internals", f"tells its internals: {answer.text[:300]}"
    permitted = may(role, name_of(case.operation))
    unasked = any(words in answer.text for words in UNASKED)
    if permitted == is_refused(answer, role) and not unasked:
        does = "is refused" if permitted else "is not refused"
        yield "who may", f"{does}: {answer.status_code} {answer.text[:200]}"


def is_refused(answer: Any, role: str) -> bool:
    """Whether the guard kept somebody of this role out, whatever else would have been wrong."""
    status, words = REFUSAL.get(role, REFUSAL["others"])
    return bool(answer.status_code == status and words in answer.text)


def tried(data: Path, mode: GenerationMode, roles: Sequence[str], examples: int) -> tuple[int, list[str]]:
    """How many operations were tried, and what was wrong with them."""
    wrong: list[str] = []
    with opened(data) as house, served(house.app) as address:
        crowd, each = Crowd(house, address, roles), list(operations(house))
        for operation in each:
            wrong += try_operation(operation, mode, address, crowd, examples)
    return len(each), wrong


def test_every_operation_needs_the_permission_that_it_is_meant_to(house: Open) -> None:
    declared = {
        (route.method, re.sub(r":\w+}", "}", route.path)): route.permission
        for route in declared_routes(house.app)
    }
    found = {
        item[method]["operationId"]: declared[method.upper(), path]
        for path, item in openapi_of(house.app)["paths"].items()
        for method in METHODS
        if method in item
    }
    assert found == NEEDED


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the .random. module")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_the_administrator_as_it_is_described(
    mode: GenerationMode, tmp_path: Path
) -> None:
    count, wrong = tried(tmp_path, mode, ("administrator",), EXAMPLES)
    assert count > 150
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the .random. module")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_out_each_role_that_may_not_and_answers_the_others_as_described(
    mode: GenerationMode, tmp_path: Path
) -> None:
    roles = tuple(role for role in ROLES if role != "administrator")
    assert len(roles) == 4
    count, wrong = tried(tmp_path, mode, roles, OTHERS_EXAMPLES)
    assert count > 150
    assert not wrong, "\n\n".join(wrong)
