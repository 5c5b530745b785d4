"""Forged ID tokens, of each kind that was ever used against somebody: none lets anybody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from projectionist.errors import ServerAnswerWrong
from projectionist.integrations.oidc.id_token import Expected, judged
from projectionist.integrations.oidc.provider import Client, OidcProvider
from tests.integrations.oidc_provider import CLIENT, SECRET, Provider

BACK = "http://127.0.0.1:8480/sign-in/oidc/back"

Forge = Callable[[Provider, dict[str, Any], bytes], str]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as opened:
        yield opened


@pytest.fixture
def ours(provider: Provider) -> Iterator[OidcProvider]:
    opened = OidcProvider(Client(provider.url, CLIENT, SECRET))
    yield opened
    opened.close()


def sign_in(provider: Provider, ours: OidcProvider) -> str:
    errand = ours.begin(BACK)
    return ours.redeem(errand, provider.agree(errand.link)["code"], BACK).proven.subject


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def parts(header: dict[str, Any], payload: bytes) -> str:
    return f"{encoded(json.dumps(header).encode())}.{encoded(payload)}"


def signed(header: dict[str, Any], payload: bytes, key: RSAKey | ECKey | OKPKey) -> str:
    return str(jws.serialize_compact(header, payload, key, algorithms=[str(header["alg"])]))


def hmac_signed(header: dict[str, Any], payload: bytes, secret: bytes) -> str:
    head = parts(header, payload)
    return f"{head}.{encoded(hmac.digest(secret, head.encode(), 'sha256'))}"


def honest(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return signed(header, payload, provider.keys["RS256"])


def none_with(algorithm: str, signature: str = "") -> Forge:
    def forge(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
        return f"{parts({**header, 'alg': algorithm}, payload)}.{signature}"

    return forge


def no_algorithm(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return f"{parts({'kid': header['kid']}, payload)}."


def another_key(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return signed(header, payload, RSAKey.generate_key(2048))


def unknown_key(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return signed({**header, "kid": "nobody's"}, payload, RSAKey.generate_key(2048))


def key_in_header(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    own = ECKey.generate_key("P-256")
    told = {name: value for name, value in own.as_dict(private=False).items() if name != "kid"}
    return signed({"alg": "ES256", "kid": "ec-1", "jwk": told}, payload, own)


def slim(key: RSAKey) -> dict[str, Any]:
    """The key without what makes a header too long."""
    return {name: value for name, value in key.as_dict(private=False).items() if name in ("kty", "n", "e")}


def keys_elsewhere(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return signed({**header, "jku": f"{provider.url}/evil"}, payload, RSAKey.generate_key(2048))


def hmac_of_pem(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return hmac_signed({**header, "alg": "HS256"}, payload, provider.keys["RS256"].as_pem(private=False))


def hmac_of_der(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return hmac_signed({**header, "alg": "HS256"}, payload, provider.keys["RS256"].as_der(private=False))


def hmac_of_modulus(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    told = str(provider.keys["RS256"].as_dict(private=False)["n"])
    return hmac_signed({**header, "alg": "HS256"}, payload, told.encode())


def hmac_of_secret(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Which the standard allows; whoever reads our settings could sign people in."""
    return hmac_signed({**header, "alg": "HS256"}, payload, SECRET.encode())


def hmac_of_published(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """With a shared secret that the provider tells everybody as one of its keys."""
    shared = OctKey.import_key("0123456789abcdef0123456789abcdef")
    provider.more_keys = [{**shared.as_dict(), "kid": "shared", "use": "sig"}]
    told = {"alg": "HS256", "kid": "shared"}
    return hmac_signed(told, payload, b"0123456789abcdef0123456789abcdef")


def key_of_encryption(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    own = RSAKey.generate_key(2048)
    provider.more_keys = [{**slim(own), "kid": "enc", "use": "enc"}]
    return signed({"alg": "RS256", "kid": "enc"}, payload, own)


def key_of_another_algorithm(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    own = RSAKey.generate_key(2048)
    provider.more_keys = [{**slim(own), "kid": "ps", "alg": "PS256"}]
    return signed({"alg": "RS256", "kid": "ps"}, payload, own)


def confused_kinds(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return signed({"alg": "ES256", "kid": "rsa-1"}, payload, provider.keys["ES256"])


def zeros(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """The signature that careless judges of curves take for anything."""
    return f"{parts({'alg': 'ES256', 'kid': 'ec-1'}, payload)}.{encoded(bytes(64))}"


def other_content(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    head, _, signature = honest(provider, header, payload).split(".")
    return f"{head}.{encoded(payload.replace(b'u-17', b'u-18'))}.{signature}"


def other_header(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    _, content, signature = honest(provider, header, payload).split(".")
    return f"{encoded(json.dumps({**header, 'typ': 'JWT'}).encode())}.{content}.{signature}"


def cut_off(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return honest(provider, header, payload)[:-8]


def without_signature(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return f"{honest(provider, header, payload).rpartition('.')[0]}."


def critical(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Signed by the right key, with a condition that we do not know."""
    told = {**header, "crit": ["until"], "until": 1}
    head = parts(told, payload)
    twin = signed(header, payload, provider.keys["RS256"])
    return f"{head}.{twin.rpartition('.')[2]}"


def as_json(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    head, content, signature = honest(provider, header, payload).split(".")
    return json.dumps({"protected": head, "payload": content, "signature": signature})


def encrypted(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    told = json.dumps({"alg": "RSA-OAEP", "enc": "A256GCM"})
    return f"{encoded(told.encode())}.aa.bb.cc.dd"


def with_space(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return honest(provider, header, payload) + "\n"


FORGERIES: dict[str, Forge] = {
    "none": none_with("none"),
    "none with a signature": none_with("none", "AAAA"),
    "None": none_with("None", "AAAA"),
    "NONE": none_with("NONE"),
    "empty algorithm": none_with("", "AAAA"),
    **{
        one.__name__: one
        for one in (
            no_algorithm,
            another_key,
            unknown_key,
            key_in_header,
            keys_elsewhere,
            hmac_of_pem,
            hmac_of_der,
            hmac_of_modulus,
            hmac_of_secret,
            hmac_of_published,
            key_of_encryption,
            key_of_another_algorithm,
            confused_kinds,
            zeros,
            other_content,
            other_header,
            cut_off,
            without_signature,
            critical,
            as_json,
            encrypted,
            with_space,
        )
    },
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_lets_nobody_in(provider: Provider, ours: OidcProvider, kind: str) -> None:
    provider.sign = lambda header, payload: FORGERIES[kind](provider, header, payload)
    with pytest.raises(ServerAnswerWrong, match="signature"):
        sign_in(provider, ours)
    assert not [asked for asked in provider.seen if "/evil" in asked.split(" ")[1]]


def test_the_same_token_signed_by_the_provider_lets_them_in(provider: Provider, ours: OidcProvider) -> None:
    provider.sign = lambda header, payload: honest(provider, header, payload)
    assert sign_in(provider, ours) == "u-17"


def test_a_weak_key_proves_nothing_and_spoils_no_other(provider: Provider, ours: OidcProvider) -> None:
    with pytest.warns(UserWarning, match="2048"):
        weak = RSAKey.generate_key(1024)
    provider.more_keys = [
        {**slim(weak), "kid": "weak"},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA", "kid": "odd"},
        {"kty": "AKP", "pub": "AA"},
        {"kty": 17},
    ]
    assert sign_in(provider, ours) == "u-17"
    provider.sign = lambda _, payload: signed({"alg": "RS256", "kid": "weak"}, payload, weak)
    with pytest.raises(ServerAnswerWrong, match="signature"):
        sign_in(provider, ours)


def test_a_new_key_of_the_provider_is_taken_at_once_and_an_old_one_no_more(
    provider: Provider, ours: OidcProvider
) -> None:
    assert sign_in(provider, ours) == "u-17"
    old = provider.keys["RS256"]
    provider.keys["RS256"] = RSAKey.generate_key(2048, {"kid": "rsa-2", "use": "sig"})
    assert sign_in(provider, ours) == "u-17"
    provider.sign = lambda _, payload: signed({"alg": "RS256", "kid": "rsa-1"}, payload, old)
    with pytest.raises(ServerAnswerWrong, match="signature"):
        sign_in(provider, ours)


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("RS256", "sha256"), ("ES256", "sha256"), ("Ed25519", "sha512")]
)
def test_a_token_goes_with_its_own_access_token_alone(
    provider: Provider, ours: OidcProvider, algorithm: str, digest: str
) -> None:
    edwards = OKPKey.generate_key("Ed25519", {"kid": "ed-1", "use": "sig"})
    if algorithm == "Ed25519":
        provider.more_keys = [dict(edwards.as_dict(private=False))]
        provider.sign = lambda _, payload: signed({"alg": "Ed25519", "kid": "ed-1"}, payload, edwards)
    else:
        provider.algorithm = algorithm
    whole = hashlib.new(digest, provider.access_token.encode()).digest()
    provider.claims = {"at_hash": encoded(whole[: len(whole) // 2])}
    assert sign_in(provider, ours) == "u-17"
    provider.access_token = "stolen-from-somebody-else"
    with pytest.raises(ServerAnswerWrong, match="another access token"):
        sign_in(provider, ours)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_header = _json | st.fixed_dictionaries(
    {"alg": _json | st.sampled_from(["RS256", "ES256", "HS256", "none", "Ed25519"])},
    optional={"kid": _json, "crit": _json, "b64": _json, "typ": _json, "jwk": _json},
)
_token = st.text(max_size=60) | st.builds(
    lambda header, content, signature: (
        f"{encoded(json.dumps(header).encode())}.{encoded(content)}.{encoded(signature)}"
    ),
    _header,
    st.binary(max_size=60),
    st.binary(min_size=1, max_size=70),
)
_key = st.dictionaries(
    st.sampled_from(["kty", "n", "e", "crv", "x", "y", "kid", "use", "alg", "key_ops"]),
    _json | st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "sig", "AQAB", "A" * 342]),
)


@given(_token, st.lists(_key, max_size=3))
def test_whatever_is_no_token_is_refused_in_words(token: str, keys: list[dict[str, object]]) -> None:
    expected = Expected("https://auth.example.org", CLIENT, "nonce", "access", time.time())
    with pytest.raises(ServerAnswerWrong, match=r"auth\.example\.org"):
        judged(token, keys, expected)
