"""The server is restarted while many write: what was acknowledged is there once, and nothing twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ops.real_server import admin
from rollbook.core import retrying
from rollbook.core.database import close_engines, engine_for
from rollbook.core.retrying import FateUnknown
from rollbook.core.settings import Settings
from rollbook.core.tenancy import Visibility, in_transaction
from rollbook.ops import server

WRITERS, RESTARTS = 6, 2


def test_nothing_is_lost_and_nothing_written_twice(running: Settings) -> None:
    with admin(running) as db:
        db.execute("CREATE TABLE probe (n int)")
        db.execute("GRANT ALL ON probe TO rollbook_app")
    url = server.status(running).url
    engine, is_over = engine_for(url), threading.Event()
    acknowledged: list[int] = []
    unknown: list[int] = []
    failed: list[int] = []

    def write(number: int, db: Session) -> None:
        db.execute(text("INSERT INTO probe VALUES (:n)"), {"n": number})

    def keep_writing(writer: int) -> None:
        number = writer
        while not is_over.is_set():
            number += WRITERS
            try:
                in_transaction(engine, Visibility(0), partial(write, number))
            except FateUnknown:
                unknown.append(number)
            except DBAPIError:
                failed.append(number)
            else:
                acknowledged.append(number)

    retrying.forget_outage()
    with ThreadPoolExecutor(WRITERS) as writers:
        at_work = [writers.submit(keep_writing, writer) for writer in range(WRITERS)]
        for _ in range(RESTARTS):
            before = len(acknowledged)
            server.down(running)
            server.up(running, durable=False)
            retrying.forget_outage()
            while len(acknowledged) <= before + WRITERS:
                assert not any(each.done() for each in at_work)
                is_over.wait(0.02)
        is_over.set()
    close_engines(url)
    with admin(running) as db:
        found = Counter(int(str(n)) for (n,) in db.execute("SELECT n FROM probe"))

    assert set(found.values()) == {1}
    assert set(acknowledged) <= set(found)
    assert set(found) - set(acknowledged) <= set(unknown)
    assert not set(failed) & set(found), "what was said to have failed was not written"
