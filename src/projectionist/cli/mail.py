"""`projectionist mail`: see whether mails arrive."""

from __future__ import annotations

from typing import Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say

app = typer.Typer(no_args_is_help=True, help="Mail: see whether mails arrive.")


@app.callback()
def mail() -> None:
    """Mail: see whether mails arrive."""


@app.command("test")
def send_test(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="To whom it goes.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Send a mail at once that says only that mails arrive; ends with 1 and says why where the server takes none."""
    import os

    from projectionist.features.mail import service
    from projectionist.kit.clock import SystemClock
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    server = service.server_of(settings)
    if server is None:
        raise service.not_set()
    service.send_test(server, address, SystemClock().now())
    host, port = server.address
    if json:
        print_json({"sent": True, "host": host, "port": port, "security": server.security.value})
    else:
        say(f"{server.called} took the mail; it should arrive in a moment.")
