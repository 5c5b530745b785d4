"""OpenID Connect against a real provider: what is proven comes in, whatever is not proven does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from projectionist.errors import ServerAnswerWrong, ServiceError
from projectionist.integrations.oidc.provider import Client, OidcProvider
from projectionist.media.identity import Proven, Vouched
from tests.integrations.oidc_provider import CLIENT, SECRET, Provider

BACK = "http://127.0.0.1:8480/sign-in/oidc/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as opened:
        yield opened


@pytest.fixture
def ours(provider: Provider) -> Iterator[OidcProvider]:
    opened = OidcProvider(Client(provider.url, CLIENT, SECRET))
    yield opened
    opened.close()


def sign_in(provider: Provider, ours: OidcProvider) -> Vouched:
    errand = ours.begin(BACK)
    return ours.redeem(errand, provider.agree(errand.link)["code"], BACK)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_who_signs_in_is_known_by_a_signed_token(
    provider: Provider, ours: OidcProvider, algorithm: str
) -> None:
    provider.algorithm, provider.groups = algorithm, ["family", "films"]
    assert sign_in(provider, ours) == Vouched(
        Proven(provider.url, "u-17", "Lotte"), frozenset({"family", "films"})
    )


def test_the_groups_are_asked_for_where_the_token_lacks_them(provider: Provider, ours: OidcProvider) -> None:
    provider.only_userinfo, provider.groups = True, ["family"]
    assert sign_in(provider, ours) == Vouched(Proven(provider.url, "u-17", "Lotte"), frozenset({"family"}))
    provider.userinfo = {"sub": "another"}
    with pytest.raises(ServerAnswerWrong, match="another person"):
        sign_in(provider, ours)


@pytest.mark.parametrize(("secret", "methods"), [("", ["none"]), (SECRET, ["client_secret_post"])])
def test_public_clients_and_secrets_in_the_form_work_too(
    provider: Provider, secret: str, methods: list[str]
) -> None:
    provider.secret, provider.methods = secret, methods
    ours = OidcProvider(Client(provider.url, CLIENT, secret))
    assert sign_in(provider, ours).proven.subject == "u-17"
    ours.close()


def test_no_two_sign_ins_share_state_nonce_or_verifier_and_the_link_tells_no_secret(
    provider: Provider, ours: OidcProvider
) -> None:
    first, second = ours.begin(BACK), ours.begin(BACK)
    parts = (first.state, first.nonce, first.verifier, second.state, second.nonce, second.verifier)
    assert len(set(parts)) == 6
    assert min(map(len, parts)) >= 43
    asked = parse_qs(urlsplit(first.link).query)
    assert asked["redirect_uri"] == [BACK]
    assert first.verifier not in first.link
    assert SECRET not in first.link


def test_a_code_without_its_verifier_or_twice_is_worth_nothing(
    provider: Provider, ours: OidcProvider
) -> None:
    mine, theirs = ours.begin(BACK), ours.begin(BACK)
    code = provider.agree(theirs.link)["code"]
    with pytest.raises(ServiceError):
        ours.redeem(mine, code, BACK)
    errand = ours.begin(BACK)
    code = provider.agree(errand.link)["code"]
    ours.redeem(errand, code, BACK)
    with pytest.raises(ServiceError):
        ours.redeem(errand, code, BACK)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": time.time() - 864_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": time.time() + 864_000},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 17},
        {"sub": "x" * 300},
        {"sub": "u\x0017"},
        {"nbf": time.time() + 864_000},
        {"at_hash": "another"},
        {"at_hash": ""},
        {"at_hash": 17},
    ],
)
def test_a_token_that_is_not_meant_for_this_sign_in_lets_nobody_in(
    provider: Provider, ours: OidcProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with pytest.raises(ServerAnswerWrong):
        sign_in(provider, ours)


def test_a_token_for_several_that_says_who_asked_is_taken(provider: Provider, ours: OidcProvider) -> None:
    provider.claims = {"aud": ["another", CLIENT], "azp": CLIENT}
    assert sign_in(provider, ours).proven.subject == "u-17"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://user@127.0.0.1/"},
        {"authorization_endpoint": "http://127.0.0.1/a\r\nx: y"},
        {"token_endpoint": None},
    ],
)
def test_a_provider_that_leads_elsewhere_is_not_followed(
    provider: Provider, ours: OidcProvider, document: dict[str, Any]
) -> None:
    provider.document = document
    with pytest.raises(ServerAnswerWrong):
        ours.begin(BACK)
