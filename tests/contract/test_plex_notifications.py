"""The notification socket of Plex, when it fails: in words, and soon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from websockets.sync.server import serve

from projectionist.demo.house import DemoHouse
from projectionist.errors import (
    ServerAnswerWrong,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
)
from projectionist.integrations.connecting import connect
from projectionist.media.server import ServerAddress
from projectionist.media.vocabulary import ServerKind
from tests.contract.servers import CLIENT, SOON, plex_client
from tests.kit.loopback import Loopback, Reply, hangs, says, sends


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (says(b"", "401 Unauthorized"), ServerRefused),
        (says(b"", "500 No"), ServerFailed),
        (says(b"", "404 Not Found"), ServerAnswerWrong),
        (says(b"", "302 Found", Location="ws://127.0.0.1:1/elsewhere"), ServerAnswerWrong),
        (sends(b"SSH-2.0\r\n\r\n"), ServerAnswerWrong),
        (sends(b""), ServerAnswerWrong),
    ],
)
def test_a_socket_that_does_not_open_says_why(reply: Reply, error: type[ServiceError]) -> None:
    with Loopback(reply) as loopback:
        address = ServerAddress(ServerKind.PLEX, loopback.url, "the-secret-token")
        server = connect(address, client_id=CLIENT, plex_tv_url=loopback.url, time_outs=SOON)
        with pytest.raises(error) as raised:
            next(iter(server.events(threading.Event())))
        assert type(raised.value) is error
        assert "the-secret-token" not in raised.value.message
        server.close()


def test_a_socket_that_never_opens_is_given_up() -> None:
    loopback = Loopback(hangs(lambda: loopback.ended))
    with loopback:
        address = ServerAddress(ServerKind.PLEX, loopback.url, "token")
        server = connect(address, client_id=CLIENT, plex_tv_url=loopback.url, time_outs=SOON)
        with pytest.raises(ServerUnreachable):
            next(iter(server.events(threading.Event())))
        server.close()


@pytest.mark.parametrize(
    "frame",
    [b'{"NotificationContainer": {"type": "\xff"}}', b'{"more": ' + b"[" * 100_000, b"{"],
    ids=["no text", "far too deep", "cut off"],
)
def test_a_notification_that_is_no_text_or_never_ends_is_told(frame: bytes) -> None:
    with serve(lambda connection: connection.send(frame, text=True), "127.0.0.1", 0) as told:
        thread = threading.Thread(target=told.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{told.socket.getsockname()[1]}"
        address = ServerAddress(ServerKind.PLEX, url, "token")
        with (
            closing(connect(address, client_id=CLIENT, plex_tv_url=url, time_outs=SOON)) as server,
            pytest.raises(ServerAnswerWrong, match="not as expected"),
        ):
            next(iter(server.events(threading.Event())))
        told.shutdown()
        thread.join()


@pytest.fixture
def listening(house: DemoHouse) -> Callable[[], BaseException | None]:
    """Begins to listen; what is returned waits for the end and gives what it raised."""
    raised: list[BaseException] = []

    def listen() -> None:
        server = plex_client(house)
        try:
            list(server.events(threading.Event()))
        except ServiceError as error:
            raised.append(error)
        finally:
            server.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert house.state.announcements.wait_for_listeners(1, 10)

    def ended() -> BaseException | None:
        thread.join(10)
        assert not thread.is_alive()
        return raised[0] if raised else None

    return ended


def test_a_lost_connection_is_told(house: DemoHouse, listening: Callable[[], BaseException | None]) -> None:
    house.close()
    assert isinstance(listening(), ServerUnreachable)


def test_a_notification_that_lacks_a_field_names_it(
    house: DemoHouse, listening: Callable[[], BaseException | None]
) -> None:
    house.state.announcements.tell("playing", "PlaySessionStateNotification", [{"sessionKey": "1"}])
    error = listening()
    assert isinstance(error, ServerAnswerWrong)
    assert "`ratingKey`" in error.message
