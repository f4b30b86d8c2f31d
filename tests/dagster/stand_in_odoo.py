"""A program that answers as Odoo does, from a real database and a real filestore, without taking seconds to start."""

from __future__ import annotations

import configparser
import socket
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

FORM = b"<form><input name='login'/><input name='password'/></form>"
# A commit with this file at its root is more than this Odoo can take: it installs, and does not serve.
BROKEN = "BROKEN"
# With this file there, it serves everything but the page on which people log in.
NO_LOGIN = "NO_LOGIN"
# What a module's file of this name says is done to the database when the module is installed or updated; a line that
# begins with this word ends Odoo there, with what was done before it.
UPDATE, STOPS = "update.sql", "-- stops"
# What is in a file of this name in a folder of addons, this Odoo logs as errors while it installs.
ERRORS = "errors.txt"
# What is in a file of this name in a module's folder, the module does to the database when it is installed.
HOOK = "install.sql"
TABLES = """
create table if not exists ir_attachment
(id serial primary key, name text, store_fname text, url text, public boolean);
create table if not exists ir_config_parameter
(id serial primary key, key text unique, value text, create_date timestamp, write_date timestamp);
create table if not exists ir_module_module (name text primary key, state text, latest_version text);
create table if not exists sale_order (id serial primary key, name text, note text, amount numeric);
create table if not exists res_users (id int primary key, login text, password text);
create table if not exists ir_model_data (module text, name text, model text, res_id int);
insert into res_users values (2, 'admin', 'admin') on conflict do nothing;
insert into ir_model_data select 'base', 'user_admin', 'res.users', 2
where not exists (select from ir_model_data where name = 'user_admin');
insert into ir_config_parameter (key, value) values ('database.uuid', gen_random_uuid()) on conflict do nothing;
"""


class Handler(BaseHTTPRequestHandler):
    """Answers the addresses that the platform asks for."""

    options: dict[str, str]

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        if path == "/web/login":
            is_whole = self._query("select count(*) from ir_module_module") and not _has(self.options, NO_LOGIN)
            self._send(200 if is_whole else 500, FORM)
        elif path == "/orders":
            self._send(200, str(self._query("select count(*) from sale_order")[0]).encode())
        elif path.startswith("/web/content/"):
            self._send_attachment(int(path.rpartition("/")[2]))
        else:
            self._send(200 if path == "/web/health" else 404, b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send_attachment(self, number: int) -> None:
        found = self._query("select store_fname from ir_attachment where public and id = %s", number)
        folder = Path(self.options["data_dir"]) / "filestore" / self.options["db_name"]
        path = folder / str(found[0]) if found else None
        self._send(200 if path else 404, path.read_bytes() if path and path.is_file() else b"")

    def _query(self, query: str, *parameters: object) -> tuple[Any, ...]:
        with _connect(self.options) as connection:
            return connection.execute(query.encode(), parameters or None).fetchone() or ()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _connect(options: dict[str, str]) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=options["db_host"],
        port=int(options["db_port"]),
        user=options["db_user"],
        password=options["db_password"],
        dbname=options["db_name"],
    )


def serve(options: dict[str, str]) -> None:
    """Serve as the configuration says; an order that is called BROKEN is more than this Odoo can take."""
    Handler.options = options
    with _connect(options) as connection:
        broken = connection.execute("select from sale_order where name = 'BROKEN'").rowcount
        names = [name for (name,) in connection.execute("select name from ir_module_module where state = 'installed'")]
    if lost := [name for name in names if not _has(options, name)]:
        said = f"Some modules are not loaded, some dependencies or manifest may be missing: {lost}"
        sys.stdout.write(f"2026-02-13 10:00:00,000 1 ERROR {options['db_name']} odoo.modules.loading: {said}\n")
        sys.stdout.flush()
    if broken or _has(options, BROKEN):
        sys.exit("this registry cannot be loaded")
    # Its launcher listens for it. Source: sd_listen_fds(3).
    answering(Handler, socket.socket(fileno=3)).serve_forever()


def answering(handler: type[Handler], listening: socket.socket) -> ThreadingHTTPServer:
    """Return a server that answers at a socket that listens already."""
    server = ThreadingHTTPServer(("", 0), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    return server


def _has(options: dict[str, str], name: str) -> bool:
    """Return whether a folder of addons has such a file."""
    return any((Path(path) / name).exists() for path in options["addons_path"].split(","))


def update(options: dict[str, str], folders: Sequence[Path], names: Sequence[str]) -> None:
    """Do what the modules say, each statement by itself, as far as they let us."""
    for path in (folder / name / UPDATE for name in names for folder in folders):
        for statement in path.read_text().splitlines() if path.is_file() else ():
            if statement.startswith(STOPS):
                sys.exit("this update cannot be done")
            with _connect(options) as connection:
                connection.execute(statement.encode())


def install(options: dict[str, str], names: Sequence[str]) -> None:
    """Install or update the modules as far as tables tell, and say what Odoo says of that."""
    folders = [Path(path) for path in options["addons_path"].split(",")]
    unknown = [name for name in names if not any((folder / name).is_dir() for folder in folders)]
    with _connect(options) as connection:
        connection.execute(TABLES.encode())
        for name in ("base", *(name for name in names if name not in unknown)):
            connection.execute(
                "insert into ir_module_module values (%s, 'installed', '19.0.1.0')"
                " on conflict (name) do update set state = 'installed'",
                [name],
            )
        for path in (folder / name / HOOK for folder in folders for name in names):
            connection.execute(path.read_bytes() if path.is_file() else b"")
    update(options, folders, names)
    if unknown:
        said = f"odoo.modules.loading: invalid module names, ignored: {', '.join(unknown)}"
        sys.stdout.write(f"2026-02-13 10:00:00,000 1 WARNING {options['db_name']} {said}\n")
    for path in (folder / ERRORS for folder in folders):
        for said in path.read_text().splitlines() if path.is_file() else ():
            sys.stdout.write(f"2026-02-13 10:00:00,000 1 ERROR {options['db_name']} {said}\n")
    for logger, said in (("odoo.modules.loading", "Modules loaded."), ("odoo.service.server", "Initiating shutdown")):
        sys.stdout.write(f"2026-02-13 10:00:00,000 1 INFO {options['db_name']} {logger}: {said}\n")


def main(words: Sequence[str]) -> None:
    """Do what the command line asks for."""
    said = dict(word.removeprefix("--").partition("=")[::2] for word in words)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(said["config"])
    options = dict(parser["options"])
    if "stop-after-init" in said:
        install(options, [name for key in ("init", "update") for name in said.get(key, "").split(",") if name])
    else:
        serve(options)


if __name__ == "__main__":
    main(sys.argv[1:])
