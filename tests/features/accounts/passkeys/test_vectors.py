"""The examples of the specification itself (WebAuthn level 3, section 16): `https://example.org` is the site of all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from projectionist.features.accounts.passkeys import webauthn
from projectionist.features.accounts.passkeys.webauthn import CREATE, GET, Algorithm, NotVerified, Said, Site

SITE = Site("https://example.org", "example.org")
HOST = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5"
P256 = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
"""What stands before the two numbers of such a key, where it is written as SubjectPublicKeyInfo."""
COSE = "a5010203262001215820", "225820"
"""What stands before each of them, where an authenticator writes it."""


@dataclass(frozen=True)
class Example:
    """A passkey that is made, then used: in hexadecimal digits, as the specification prints them."""

    model: str
    id: str
    x: str
    y: str
    made_flags: str
    made_client_data: str
    made_challenge: str
    used_flags: str
    used_client_data: str
    used_challenge: str
    signature: str

    @property
    def key(self) -> bytes:
        return bytes.fromhex(P256 + self.x + self.y)

    @property
    def made(self) -> bytes:
        written = f"{COSE[0]}{self.x}{COSE[1]}{self.y}"
        return bytes.fromhex(f"{HOST}{self.made_flags}00000000{self.model}0020{self.id}{written}")

    @property
    def used(self) -> bytes:
        return bytes.fromhex(f"{HOST}{self.used_flags}00000000")

    def check_signature(self) -> None:
        client_data, signature = bytes.fromhex(self.used_client_data), bytes.fromhex(self.signature)
        webauthn.check_signature(self.key, Algorithm.ES256, self.used, client_data, signature)


NOBODY_CHECKED = Example(
    model="8446ccb9ab1db374750b2367ff6f3a1f",
    id="f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4",
    x="afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61",
    y="930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220",
    made_flags="59",
    made_client_data=(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e"
        "63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d"
        "706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a"
        "534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e2074686520667574"
        "7572652c207375636820617320746869733a20426b5165446a646354427258426941774a544c453551227d"
    ),
    made_challenge="00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130",
    used_flags="19",
    used_client_data=(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a55"
        "58543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c65"
        "2e6f7267222c2263726f73734f726967696e223a66616c73657d"
    ),
    used_challenge="39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408",
    signature=(
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11"
        "a1dd5d78c6e486013f937295ea13653e331e87"
    ),
)
CHECKED_WHEN_MADE = Example(
    model="df850e09db6afbdfab51697791506cfc",
    id="455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c",
    x="eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5",
    y="927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2",
    made_flags="5d",
    made_client_data=(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a2265476e4374334c55745936366b33"
        "6a506a796e6962506b31716e666644616966715a774c33417032392d55222c226f726967696e223a2268747470733a2f2f6578616d"
        "706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a"
        "534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e2074686520667574"
        "7572652c207375636820617320746869733a205539685458764b453255526b4d6e625f3078594856673d3d227d"
    ),
    made_challenge="7869c2b772d4b58eba9378cf8f29e26cf935aa77df0da89fa99c0bdc0a76f7e5",
    used_flags="09",
    used_client_data=(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a225248696843784e534e493352594d45314f"
        "7731476d3132786e726b634a5f6666707637546e2d4a71386773222c226f726967696e223a2268747470733a2f2f6578616d706c65"
        "2e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e"
        "206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c"
        "207375636820617320746869733a206754623533727a36456853576f6d58477a696d4331513d3d227d"
    ),
    used_challenge="4478a10b1352348dd160c1353b0d469b5db19eb91c27f7dfa6fed39fe26af20b",
    signature=(
        "3044022076691be76a8618976d9803c4cdc9b97d34a7af37e3bdc894a2bf54f040ffae850220448033a015296ffb09a762efd0d719"
        "a55346941e17e91ebf64c60d439d0b9744"
    ),
)
FRAMED_ELSEWHERE = Example(
    model="883f4f6014f19c09d87aa38123be48d0",
    id="6e1050c0d2ca2f07c755cb2c66a74c64fa43065c18f938354d9915db2bd5ce57",
    x="22200a473f90b11078851550d03b4e44a2279f8c4eca27b3153dedfe03e4e97d",
    y="cbd0be95e746ad6f5a8191be11756e4c0420e72f65b466d39bc56b8b123a9c6e",
    made_flags="45",
    made_client_data=(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a224f2d57717a514e5463554a484930"
        "437257576e7951504859647862694332674872434d475666704c4f306b222c226f726967696e223a2268747470733a2f2f6578616d"
        "706c652e6f7267222c2263726f73734f726967696e223a747275652c22657874726144617461223a22636c69656e74446174614a53"
        "4f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e207468652066757475"
        "72652c207375636820617320746869733a207a5a7175457444523944577170573574425754467567227d"
    ),
    made_challenge="3be5aacd03537142472340ab5969f240f1d87716e20b6807ac230655fa4b3b49",
    used_flags="05",
    used_client_data=(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a226832716c463771445f65356c5f505f62"
        "796b7945377135645650674547685f49584a6b655737736e4d5463222c226f726967696e223a2268747470733a2f2f6578616d706c"
        "652e6f7267222c2263726f73734f726967696e223a747275652c22657874726144617461223a22636c69656e74446174614a534f4e"
        "206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c"
        "207375636820617320746869733a2039327063545644304162792d713464746d6a36656667227d"
    ),
    used_challenge="876aa517ba83fdee65fcffdbca4c84eeae5d54f8041a1fc85c991e5bbb273137",
    signature=(
        "3046022100eb12fcf23b12764c0f122e22371fab92e283879fd798f38ee1841c951b6e40e7022100c76237ff9db77b3c56f3083"
        "7cda6a09acfa2e915544e609c0733b1184036d1cf"
    ),
)
EXAMPLES = pytest.mark.parametrize(
    "example",
    [NOBODY_CHECKED, CHECKED_WHEN_MADE, FRAMED_ELSEWHERE],
    ids=["no attestation", "self attestation", "cross origin"],
)


@EXAMPLES
def test_each_signature_is_found_to_be_right_and_a_changed_one_wrong(example: Example) -> None:
    example.check_signature()
    turned = bytes(byte ^ 1 for byte in bytes.fromhex(example.used_client_data))
    with pytest.raises(NotVerified, match="signature"):
        webauthn.check_signature(
            example.key, Algorithm.ES256, example.used, turned, bytes.fromhex(example.signature)
        )


@pytest.mark.parametrize("example", [NOBODY_CHECKED, CHECKED_WHEN_MADE])
def test_the_challenges_are_read_though_client_data_says_more_than_is_known(example: Example) -> None:
    for purpose, client_data, challenge in (
        (CREATE, example.made_client_data, example.made_challenge),
        (GET, example.used_client_data, example.used_challenge),
    ):
        read = webauthn.challenge_in(bytes.fromhex(client_data), purpose, SITE)
        assert webauthn.decoded(read).hex() == challenge


def test_what_was_asked_in_the_frame_of_another_site_is_refused() -> None:
    for purpose, client_data in (
        (CREATE, FRAMED_ELSEWHERE.made_client_data),
        (GET, FRAMED_ELSEWHERE.used_client_data),
    ):
        with pytest.raises(NotVerified, match="another site"):
            webauthn.challenge_in(bytes.fromhex(client_data), purpose, SITE)


@pytest.mark.parametrize("example", [CHECKED_WHEN_MADE, FRAMED_ELSEWHERE])
def test_the_id_of_a_new_key_is_read(example: Example) -> None:
    assert webauthn.said_in(example.made, SITE) == Said(0, bytes.fromhex(example.id))


@pytest.mark.parametrize(
    "data",
    [NOBODY_CHECKED.made, NOBODY_CHECKED.used, CHECKED_WHEN_MADE.used],
    ids=["made", "used", "used later"],
)
def test_whom_nobody_checked_is_refused(data: bytes) -> None:
    with pytest.raises(NotVerified, match="nobody was checked"):
        webauthn.said_in(data, SITE)
