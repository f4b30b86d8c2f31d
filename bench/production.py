"""A production to back up: a real Odoo with partners, messages and files, filled once and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.programs import DATABASE, OdooPrograms
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases

# Kept data of another version of these statements is not taken.
VERSION = 1
MODULES = "contacts"
# One in so many rows and files is changed before the second backup.
CHANGED = 100

WORDS = (
    "order invoice delivery customer quotation please find attached payment received shipping warehouse confirm "
    "thank you regards meeting project task deadline supplier purchase stock move lot serial price list discount tax "
    "journal entry bank statement reconcile credit note refund return repair maintenance equipment employee contract "
    "leave request approve refuse draft sent done cancelled priority urgent week month quarter the of and to for with"
)
PARTNERS = """
insert into res_partner (
    name, complete_name, email, email_normalized, phone, street, city, zip, ref, lang, type, active, is_company,
    partner_share, create_uid, write_uid, create_date, write_date, comment
)
select
    initcap(word[1 + (n %% 61)]) || ' ' || initcap(word[1 + (n * 7 %% 59)]) || ' ' || n,
    initcap(word[1 + (n %% 61)]) || ' ' || initcap(word[1 + (n * 7 %% 59)]) || ' ' || n,
    'partner' || n || '@' || word[1 + (n %% 61)] || '.example',
    'partner' || n || '@' || word[1 + (n %% 61)] || '.example',
    '+49 ' || (random() * 1e9)::bigint, word[1 + (n %% 53)] || ' street ' || n %% 300, initcap(word[1 + (n %% 47)]),
    lpad((n %% 99999)::text, 5, '0'), 'R' || n, 'en_US', 'contact', true, n %% 5 = 0, true, 2, 2,
    now() - n * interval '1 minute', now() - n * interval '1 minute', md5(random()::text)
from generate_series(1, %(rows)s) as n, (select string_to_array(%(words)s, ' ') as word) as words
"""
MESSAGES = """
insert into mail_message (
    subject, body, model, res_id, message_type, subtype_id, author_id, email_from, message_id, date, is_internal,
    reply_to, create_uid, write_uid, create_date, write_date
)
select
    'Re: ' || word[1 + (n %% 61)] || ' S' || n, '<p>Dear ' || word[1 + (n %% 59)] || ',</p><p>' || text.body || '</p>',
    'res.partner', 1 + (random() * %(partners)s)::int, 'comment', 1, 1 + (random() * 4)::int / 4 * 2,
    '"Partner" <partner' || n %% 1000 || '@example.com>', '<' || md5(random()::text) || '.' || n || '@shop.example>',
    now() - (%(rows)s - n) * interval '1 minute', false, 'catchall@shop.example', 2, 2,
    now() - (%(rows)s - n) * interval '1 minute', now() - (%(rows)s - n) * interval '1 minute'
from
    generate_series(1, %(rows)s) as n, (select string_to_array(%(words)s, ' ') as word) as words,
    lateral (
        select string_agg(word[1 + (random() * 62)::int] || case when k %% 7 = n %% 7 then to_hex((random() * 1e9)::int)
            else '' end, ' ') as body
        from generate_series(1, 20 + n %% 110) as k
    ) as text
"""
TRACKING = """
insert into mail_tracking_value (
    field_id, mail_message_id, old_value_char, new_value_char, create_uid, write_uid, create_date, write_date
)
select (select min(id) from ir_model_fields), id, md5(id::text), md5((id + 1)::text), 2, 2, date, date
from mail_message where id % 3 <> 0
"""
NOTIFICATIONS = """
insert into mail_notification (
    mail_message_id, res_partner_id, author_id, notification_type, notification_status, is_read
)
select id, (select min(id) from res_partner), author_id, 'email', 'sent', true from mail_message where id % 2 = 0
"""
ATTACHMENT = """
insert into ir_attachment (name, type, store_fname, checksum, file_size, mimetype, res_model, res_id, create_uid)
values (%s, 'binary', %s, %s, %s, %s, 'res.partner', %s, 2)
"""
CHANGES = (
    "update res_partner set phone = md5(random()::text), write_date = now() where id %% %(every)s = %(number)s",
    "update mail_message set body = body || md5(random()::text), write_date = now() where id %% %(every)s = %(number)s",
    "update mail_tracking_value set new_value_char = md5(random()::text) where id %% %(every)s = %(number)s",
    "update mail_notification set is_read = false, read_date = now() where id %% %(every)s = %(number)s",
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is."""

    name: str
    partners: int
    messages: int
    files: int

    @property
    def key(self) -> str:
        """Return the name under which the cache keeps it."""
        return f"production-{VERSION}-{self.name}"


FULL = Size(name="full", partners=60_000, messages=340_000, files=6500)
SMALL = Size(name="small", partners=4000, messages=20_000, files=600)


@dataclass(frozen=True, kw_only=True)
class Production:
    """The database with its filestore."""

    access: DatabaseAccess
    filestore: Path
    size: Size

    def sizes(self) -> tuple[int, int]:
        """Return the bytes of the database and of the files."""
        with psycopg.connect(conninfo(self.access)) as connection:
            row = connection.execute("select pg_database_size(current_database())").fetchone()
        files = sum(path.stat().st_size for path in self.filestore.glob("??/*"))
        return (row[0] if row else 0), files

    def change(self, number: int) -> None:
        """Change one row in a hundred, scattered over the large tables, and attach one file to a hundred."""
        with psycopg.connect(conninfo(self.access)) as connection:
            for statement in CHANGES:
                connection.execute(statement, {"every": CHANGED, "number": number % CHANGED})
        self.attach(self.size.files // CHANGED, seed=1000 + number)

    def attach(self, count: int, *, seed: int) -> None:
        """Attach files as Odoo does: many small ones, few large ones, one in five that can be compressed."""
        rng = random.Random(seed)  # noqa: S311 - the same files in every run
        rows = []
        for number in range(count):
            kind, data = _content(rng)
            sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
            path = self.filestore / sha1[:2] / sha1
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            rows.append((f"{seed}-{number}", f"{sha1[:2]}/{sha1}", sha1, len(data), kind, 1 + number % 500))
        with psycopg.connect(conninfo(self.access)) as connection, connection.cursor() as cursor:
            cursor.executemany(ATTACHMENT, rows)


@contextmanager
def production(size: Size, programs: OdooPrograms, databases: OdooDatabases, *, cache: Path) -> Iterator[Production]:
    """Yield the production, restored from the cache, or made and put there at first."""
    databases.ensure_role(DATABASE)
    databases.create(DATABASE, owner=DATABASE)
    made = Production(
        access=databases.access(DATABASE, role=DATABASE), filestore=programs.filestore(DATABASE), size=size
    )
    kept = cache / size.key
    if not (kept / "filestore").is_dir():
        print(f"making a production in {kept}: some minutes, once", flush=True)
        _make(made, programs)
        _keep(made, programs, kept)
    else:
        _take(made, programs, kept)
    with psycopg.connect(conninfo(made.access), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    yield made


def _make(made: Production, programs: OdooPrograms) -> None:
    programs.install(made.access, MODULES)
    size, words = made.size, WORDS
    with psycopg.connect(conninfo(made.access)) as connection:
        connection.execute("select setseed(0.4)")
        connection.execute(PARTNERS, {"rows": size.partners, "words": words})
        connection.execute(MESSAGES, {"rows": size.messages, "words": words, "partners": size.partners})
        connection.execute(TRACKING)
        connection.execute(NOTIFICATIONS)
    made.attach(size.files, seed=size.files)


def _keep(made: Production, programs: OdooPrograms, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    _run(programs, "pg_dump", "--format=custom", "--compress=1", f"--file={kept / 'dump'}", access=made.access)
    shutil.copytree(made.filestore, kept / "draft")
    (kept / "draft").rename(kept / "filestore")


def _take(made: Production, programs: OdooPrograms, kept: Path) -> None:
    options = ("--no-owner", "--no-privileges", "--jobs=2", f"--dbname={made.access.database}")
    _run(programs, "pg_restore", *options, str(kept / "dump"), access=made.access)
    # Not as hard links: whoever reads them shall find them as any other file.
    shutil.copytree(kept / "filestore", made.filestore)


def _run(programs: OdooPrograms, name: str, *options: str, access: DatabaseAccess) -> None:
    environment = {
        "PGHOST": access.host,
        "PGPORT": str(access.port),
        "PGUSER": access.user,
        "PGPASSWORD": access.password,
        "PGDATABASE": access.database,
    }
    subprocess.run([programs.bin_dir / name, *options], env={**os.environ, **environment}, check=True)


def _content(rng: random.Random) -> tuple[str, bytes]:
    """Return a kind of file and its bytes; half of them are smaller than 30 kB, one in a thousand than 3 MB is not."""
    size = int(rng.lognormvariate(10.3, 1.45))
    if rng.random() < 0.1:
        return "text/csv", _text(rng, size)
    if rng.random() < 0.12:
        # A document: descriptions that can be compressed around streams that are.
        return "application/pdf", b"%PDF-1.7\n" + _text(rng, size // 2) + rng.randbytes(size // 2)
    return "image/webp", rng.randbytes(size)


def _text(rng: random.Random, size: int) -> bytes:
    words: Sequence[str] = WORDS.split()
    lines: list[str] = []
    length = 0
    while length < size:
        lines.append(f"{rng.randrange(10**6)};{rng.choice(words)} {rng.choice(words)};{rng.random():.4f}\n")
        length += len(lines[-1])
    return "".join(lines).encode()[:size]
