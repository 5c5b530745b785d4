"""The API as a machine that has read its description tries it: every operation, with good and with absurd input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup

from projectionist.features.accounts.sessions import COOKIE
from projectionist.web.documents import openapi_of
from tests.api.house import Open, opened, token_of
from tests.serving import served

EXAMPLES = 8
"""Requests per operation and kind of input."""

SIGNS_OUT = {"sign_out", "revoke_sign_in"}
"""Operations after which the machine would be a stranger."""

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


def operations(house: Open) -> Iterator[Any]:
    described = {**openapi_of(house.app), "security": []}  # who may is tried elsewhere; this one is signed in
    schema = schemathesis.openapi.from_dict(described)
    for found in schema.get_all_operations():
        yield found.ok()  # type: ignore[union-attr]  # one that is wrong fails here


def try_operation(operation: Any, mode: GenerationMode, address: str, headers: dict[str, str]) -> list[str]:
    """What this operation answered that its description does not promise."""
    wrong: dict[str, str] = {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        answer = case.call(base_url=address, headers=headers, timeout=20)
        try:
            case.validate_response(answer, checks=KEPT)
        except (Failure, FailureGroup) as failure:
            reasons = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
            for reason in reasons:
                if "in query" in str(reason) and "violates `oneOf`" in str(reason):
                    continue  # one word in a query is how a list of one is spelled
                wrong.setdefault(
                    reason.title, f"{operation.label}: {reason} {answer.request.url} {answer.request.body!r}"
                )
        if "Traceback" in answer.text or 'File "' in answer.text:
            wrong.setdefault("internals", f"{operation.label} tells its internals: {answer.text[:300]}")

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes no values
        attempt()
    return list(wrong.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the .random. module")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_it_is_described(mode: GenerationMode, tmp_path: Path) -> None:
    wrong: list[str] = []
    tried = 0
    with opened(tmp_path) as house:
        with house.visitor(signed_in=False) as client:
            headers = token_of(client)
            csrf = client.cookies["projectionist_csrf"]
        headers["cookie"] = f"projectionist_csrf={csrf}; {COOKIE}={house.session}"
        with served(house.app) as address:
            for operation in operations(house):
                if operation.definition.raw["operationId"] not in SIGNS_OUT:
                    wrong += try_operation(operation, mode, address, headers)
                    tried += 1
    assert tried > 50
    assert not wrong, "\n\n".join(wrong)
