"""An addon whose scheduled actions reach out in every way that addons do, and a trap for what gets through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.acceptance.repository import Repository

MODULE = "reach_out"
CRONS = ("Ask the shop", "Ask the stock", "Dial the till", "Call the hook", "Write to the customer", "Write by itself")
_MODELS = """\
import contextlib
import smtplib
import socket

import requests

from odoo import models


class Reach(models.AbstractModel):
    _name = "reach.out"
    _description = "What reaches out"

    def ask(self):
        with contextlib.suppress(OSError):
            requests.get("https://shop.example.com/orders", timeout=5)

    def ask_stock(self):
        requests.get("http://127.0.0.2:{stock}/", timeout=60).raise_for_status()

    def dial(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", {port}), 5)

    def hook(self):
        partner = self.env.user.partner_id
        self.env.ref("reach_out.hook").with_context(active_model=partner._name, active_id=partner.id).run()

    def write_to(self):
        servers = self.env["ir.mail_server"]
        servers.send_email(servers._build_email__(
            "shop@example.com", ["ada@example.com"], "Your order", "<p>It is <b>on its way</b>.</p>", subtype="html",
            attachments=[("invoice.txt", b"42 euro", "text/plain")],
        ))

    def write_alone(self):
        with smtplib.SMTP("smtp.example.com", 587) as session:
            session.starttls()
            session.login("shop", "hush")
            session.sendmail("shop@example.com", ["bob@example.com"], "Subject: By itself\\r\\n\\r\\nHello")
"""
_ACTIONS = ("ask", "ask_stock", "dial", "hook", "write_to", "write_alone")
_HOOK = """\
    <record id="hook" model="ir.actions.server">
        <field name="name">Tell the till</field>
        <field name="model_id" ref="base.model_res_partner"/>
        <field name="state">webhook</field>
        <field name="webhook_url">http://127.0.0.1:{port}/hook</field>
    </record>
"""
_CRON = """\
    <record id="cron_{action}" model="ir.cron">
        <field name="name">{name}</field>
        <field name="model_id" ref="model_reach_out"/>
        <field name="state">code</field>
        <field name="code">model.{action}()</field>
        <field name="interval_type">days</field>
        <field name="active" eval="False"/>
    </record>
"""


def wake(*, port: int) -> str:
    """Return SQL by which somebody lets the scheduled actions of the copy run again, and the webhook call.

    NOTIFY wakes Odoo, as a button of its own would (ir_cron.py, _notifydb).
    """
    return f"""
update ir_act_server set webhook_url = 'http://127.0.0.1:{port}/hook'
where id = (select res_id from ir_model_data where module = '{MODULE}' and name = 'hook');
update ir_cron set active = true, nextcall = now() at time zone 'utc' - interval '1 minute'
where cron_name in ({", ".join(f"'{name}'" for name in CRONS)});
select pg_notify('cron_trigger', current_database());
"""


def add_reaching(repository: Repository, *, port: int, stock: int) -> None:
    """Write the addon; the trap is at the port of the machine's loopback, and a server that may be asked at `stock`."""
    crons = "".join(_CRON.format(action=action, name=name) for action, name in zip(_ACTIONS, CRONS, strict=True))
    repository.write(
        f"{MODULE}/__manifest__.py",
        "{'name': 'Reach out', 'version': '19.0.1.0.0', 'license': 'LGPL-3', 'depends': ['base'],"
        " 'data': ['data/actions.xml']}\n",
    )
    repository.write(f"{MODULE}/__init__.py", "from . import models\n")
    repository.write(f"{MODULE}/models.py", _MODELS.replace("{port}", str(port)).replace("{stock}", str(stock)))
    repository.write(f"{MODULE}/data/actions.xml", f"<odoo>\n{_HOOK.format(port=port)}{crons}</odoo>\n")


class Trap:
    """A server on the machine's loopback that nobody shall reach; `port` is where it listens."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                self._server.accept()[0].close()
            except OSError:
                return
            self.visits += 1

    @classmethod
    @contextmanager
    def set_up(cls) -> Iterator[Self]:
        """Yield a trap that was seen to work."""
        made = cls()
        with made._server:
            socket.create_connection(("127.0.0.1", made.port)).close()
            while made.visits == 0:
                pass
            made.visits = 0
            yield made
            made._server.shutdown(socket.SHUT_RDWR)
