from __future__ import annotations

import threading

from sqlalchemy import text

from projectionist.db.engine import Database


def test_concurrent_read_modify_writes_lose_nothing(database: Database) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    lock = "" if database.is_sqlite else " FOR UPDATE"

    def count() -> None:
        for _ in range(15):
            with database.write() as session:
                now = session.execute(text("SELECT n FROM counter" + lock)).scalar_one()
                session.execute(text("UPDATE counter SET n = :n"), {"n": now + 1})

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.execute(text("SELECT n FROM counter")).scalar_one() == 90
