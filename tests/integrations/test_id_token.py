"""Forged ID tokens, of each kind that was ever used against somebody: none lets anybody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
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


def raw_signed(head: bytes, payload: bytes, key: RSAKey | ECKey) -> str:
    """With the right key, whatever the header says: libraries refuse to write such ones."""
    assert isinstance(key, RSAKey)
    secret = key.private_key
    assert secret is not None
    told = f"{encoded(head)}.{encoded(payload)}"
    signature = secret.sign(told.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{told}.{encoded(signature)}"


def critical(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Signed by the right key, with a condition that we do not know."""
    told = {**header, "crit": ["until"], "until": 1}
    return raw_signed(json.dumps(told).encode(), payload, provider.keys["RS256"])


def critical_nothing(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    return raw_signed(json.dumps({**header, "crit": []}).encode(), payload, provider.keys["RS256"])


def unencoded(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Which RFC 7797 knows, and no ID token is."""
    told = {**header, "b64": False, "crit": ["b64"]}
    return raw_signed(json.dumps(told).encode(), payload, provider.keys["RS256"])


def two_algorithms(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Signed by the right key, with a header of which each reader may take another part."""
    head = f'{{"alg": "none", "alg": "RS256", "kid": "{header["kid"]}"}}'
    return raw_signed(head.encode(), payload, provider.keys["RS256"])


def two_key_names(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    head = f'{{"alg": "RS256", "kid": "nobody\'s", "\\u006bid": "{header["kid"]}"}}'
    return raw_signed(head.encode(), payload, provider.keys["RS256"])


def two_subjects(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    twice = payload.replace(b"{", b'{"sub": "u-1", ', 1)
    return raw_signed(json.dumps(header).encode(), twice, provider.keys["RS256"])


def name_of_nobody(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    """Signed by the right key, which the token names otherwise."""
    return raw_signed(json.dumps({**header, "kid": "nobody's"}).encode(), payload, provider.keys["RS256"])


def name_of_another(provider: Provider, header: dict[str, Any], payload: bytes) -> str:
    provider.more_keys = [{**slim(RSAKey.generate_key(2048)), "kid": "rsa-9", "use": "sig"}]
    return raw_signed(json.dumps({**header, "kid": "rsa-9"}).encode(), payload, provider.keys["RS256"])


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
            critical_nothing,
            unencoded,
            two_algorithms,
            two_key_names,
            two_subjects,
            name_of_nobody,
            name_of_another,
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


def test_a_token_that_is_written_by_hand_lets_them_in_where_nothing_is_forged(
    provider: Provider, ours: OidcProvider
) -> None:
    provider.sign = lambda header, payload: raw_signed(
        json.dumps(header).encode(), payload, provider.keys["RS256"]
    )
    assert sign_in(provider, ours) == "u-17"


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


EXAMPLE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
PUBLISHED: dict[str, tuple[str, dict[str, object]]] = {
    "RFC 7515 A.2, RS256": (
        f"eyJhbGciOiJSUzI1NiJ9.{EXAMPLE}."
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
        "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
        "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
        "wlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4Ql"
            "L-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e"
            "-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
            "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
    ),
    "RFC 7515 A.3, ES256": (
        f"eyJhbGciOiJFUzI1NiJ9.{EXAMPLE}."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
    ),
}
EDWARDS = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
"""The public key of RFC 8037 A.2."""
NOBODY = Expected("https://auth.example.org", CLIENT, "nonce", "access", 0.0)


def refusal(token: str, *keys: Mapping[str, object]) -> str:
    with pytest.raises(ServerAnswerWrong) as raised:
        judged(token, keys, NOBODY)
    return raised.value.message


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_others_have_signed_is_proven_by_their_key_and_nothing_that_was_changed(name: str) -> None:
    token, key = PUBLISHED[name]
    head, payload, signature = token.split(".")
    assert "lacks what it must say" in refusal(token, key), "proven, and no ID token"
    other = base64.urlsafe_b64decode(payload + "==").replace(b"joe", b"jon")
    odd = {"alg": "RS512" if "RS256" in name else "ES384"}
    for changed in (
        f"{head}.{encoded(other)}.{signature}",
        f"{encoded(json.dumps(odd).encode())}.{payload}.{signature}",
        f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        f"{head}.{payload}.{signature[:40]}",
        f"{head}.{payload}.{signature[:40]}{'A' * (len(signature) - 40)}",
    ):
        assert "signature" in refusal(changed, key)
    assert "signature" in refusal(token, *(one for _, one in PUBLISHED.values() if one != key))
    assert "signature" in refusal(token)


def test_the_example_of_rfc_8037_is_refused_for_its_algorithm_that_names_no_curve() -> None:
    """Its A.4, with the key of A.2: the signature is right, and `EdDSA` is given up by RFC 9864."""
    token = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    with pytest.warns(SecurityWarning):
        taken = jws.deserialize_compact(token, OKPKey.import_key(dict(EDWARDS)), algorithms=["EdDSA"])
    assert taken.payload == b"Example of Ed25519 signing"
    assert "signature" in refusal(token, dict(EDWARDS))


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
