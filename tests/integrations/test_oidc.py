"""OpenID Connect against a real provider: what is proven comes in, whatever is not proven does not."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

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
        {"exp": time.time() - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": time.time() + 3600},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 17},
        {"sub": "x" * 300},
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


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], payload: bytes) -> str:
    return f"{encoded(json.dumps({'alg': 'none'}).encode())}.{encoded(payload)}."


def another_key(header: dict[str, Any], payload: bytes) -> str:
    signed = jws.serialize_compact(header, payload, RSAKey.generate_key(2048, {"kid": header["kid"]}))
    return signed.decode() if isinstance(signed, bytes) else signed


def own_key_in_header(header: dict[str, Any], payload: bytes) -> str:
    key = RSAKey.generate_key(2048)
    told = encoded(json.dumps({"alg": "RS256", "jwk": key.as_dict(private=False)}).encode())
    stolen = another_key({"alg": "RS256", "kid": "rsa-1"}, payload).rpartition(".")[2]
    return f"{told}.{encoded(payload)}.{stolen}"


def broken(header: dict[str, Any], payload: bytes) -> str:
    return "no.token.at-all"


@pytest.mark.parametrize("forge", [unsigned, another_key, own_key_in_header, broken])
def test_a_forged_token_lets_nobody_in(provider: Provider, ours: OidcProvider, forge: Any) -> None:
    provider.sign = forge
    with pytest.raises(ServerAnswerWrong, match="signature"):
        sign_in(provider, ours)


def test_a_public_key_is_never_taken_for_a_shared_secret(provider: Provider, ours: OidcProvider) -> None:
    public = provider.keys["RS256"].as_pem(private=False)

    def forge(header: dict[str, Any], payload: bytes) -> str:
        head = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'rsa-1'}).encode())}.{encoded(payload)}"
        return f"{head}.{encoded(hmac.digest(public, head.encode(), 'sha256'))}"

    provider.sign = forge
    with pytest.raises(ServerAnswerWrong, match="signature"):
        sign_in(provider, ours)


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
