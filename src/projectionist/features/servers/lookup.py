"""Looking up what a server's row says, for the modules of this feature."""

from __future__ import annotations

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.servers import queries
from projectionist.features.servers.models import ServerRow
from projectionist.features.servers.paths import Mapping, PathMap
from projectionist.features.servers.records import Reach
from projectionist.kit.secrets import Vault
from projectionist.media.server import ServerAddress
from projectionist.media.vocabulary import ServerKind


def server_address(database: Database, vault: Vault, server_id: int) -> ServerAddress:
    """How a server is reached, its token opened. Raises NotFound, SecretUnreadable."""
    with database.read() as session:
        row = there(queries.server(session, server_id))
    return _address_of(row, vault)


def path_map(database: Database, server_id: int, node: str) -> PathMap:
    """All of a node's mappings at once, for whoever translates many paths."""
    with database.read() as session:
        rows = queries.mappings(session, server_id, node)
    return PathMap(tuple(Mapping(row.server_prefix, row.local_prefix) for row in rows))


def announce(reach: Reach, session: Session, server_id: int) -> None:
    """Tell every process that something about a server changed."""
    reach.publish(session, "server", {"id": server_id})


def there(row: ServerRow | None) -> ServerRow:
    """The row. Raises NotFound where there is none."""
    if row is None:
        raise missing()
    return row


def missing() -> NotFound:
    """What is said of a server that is not here."""
    return NotFound("There is no such server here; it may have been removed.")


def _address_of(row: ServerRow, vault: Vault) -> ServerAddress:
    token = vault.open(row.token) if row.token else ""
    return ServerAddress(ServerKind(row.kind), row.address, token, row.verify_tls)
