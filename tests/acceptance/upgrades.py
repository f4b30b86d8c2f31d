"""An addon with data that goes from 19.0.1.0.0 to 19.0.2.0.0: well, with faults, and with the faults mended."""

from __future__ import annotations

from tests.acceptance.repository import Repository
from tests.acceptance.upgrade_util import write_library

MODULE = "library_book"
# Nothing needs both, so a preview updates one after the other.
OTHER = "library_desk"
BOOKS = 40

MODELS = """
from odoo import fields, models


class LibraryBook(models.Model):
    _name = "library.book"
    _description = "Book"

    name = fields.Char(required=True)
    {field} = fields.Char()
"""
VIEWS = """<?xml version="1.0" encoding="utf-8"?>
<odoo>
  <record id="library_book_form" model="ir.ui.view">
    <field name="name">library.book.form</field>
    <field name="model">library.book</field>
    <field name="arch" type="xml">
      <form><sheet><group><field name="name"/><field name="{field}"/></group></sheet></form>
    </field>
  </record>
  <record id="library_book_list" model="ir.ui.view">
    <field name="name">library.book.list</field>
    <field name="model">library.book</field>
    <field name="arch" type="xml"><list><field name="name"/><field name="{field}"/></list></field>
  </record>
  <record id="library_book_action" model="ir.actions.act_window">
    <field name="name">Books</field>
    <field name="res_model">library.book</field>
    <field name="view_mode">list,form</field>
  </record>
  <menuitem id="library_menu" name="Library" action="library_book_action"/>
</odoo>
"""
MANIFEST = """{{
    "name": "Library",
    "version": "{version}",
    "license": "LGPL-3",
    "author": "Tester",
    "depends": ["base", "web"],
    "data": ["security/ir.model.access.csv", "views/library_book.xml", "data/books.xml"],
}}
"""
ACCESS = """id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
library_book_user,book,model_library_book,base.group_user,1,1,1,1
"""
# The view that people made by hand in production, outside of every module: the update does not touch it.
BY_HAND = r"""
insert into ir_ui_view (name, model, type, mode, priority, active, inherit_id, arch_db)
select 'book by hand', 'library.book', 'form', 'extension', 99, true, v.id, jsonb_build_object('en_US',
    '<xpath expr="//field[@name=''isbn_code'']" position="after"><field name="create_date"/></xpath>')
from ir_ui_view as v join ir_model_data as d on d.model = 'ir.ui.view' and d.res_id = v.id
where d.module = 'library_book' and d.name = 'library_book_form'
"""
RENAME = """
def migrate(cr, version):
    cr.execute("alter table library_book rename column isbn_code to isbn")
    {more}
"""
LOSES = 'cr.execute("delete from library_book where id in (select id from library_book order by id limit 7)")'
MENDS = """cr.execute(
        "update ir_ui_view set arch_db = replace(arch_db::text, 'isbn_code', 'isbn')::jsonb where name = 'book by hand'"
    )"""
SETTINGS = """version: 1
upgrade:
  invariants:
    - name: every book has its number
      sql: select count(*) from library_book where name <> ''
    - name: the books keep their names
      python: env["library.book"].search([], order="id").mapped("display_name")
    - name: the last book stays
      python: env.ref("library_book.book_39").name
"""
WRITES = """    - name: nobody writes here
      python: >-
        env["res.partner"].search([], limit=1).write({"comment": "no"}) and env.flush_all()
"""
CASES_FILE = f"upgrades/{MODULE}/tests/test_books.py"
CASES = """
from odoo.upgrade.testing import IntegrityCase, UpgradeCase


class NoBookIsLost(IntegrityCase):
    def invariant(self):
        return self.env["library.book"].search_count([])


class AReaderStays(UpgradeCase):
    def prepare(self):
        return self.env["res.partner"].create({"name": "Reader"}).id

    def check(self, number):
        self.assertEqual(self.env["res.partner"].browse(number).name, "Reader")
"""


def write_first(repository: Repository) -> None:
    """Write version 19.0.1.0.0 of the addon, with its data."""
    repository.write(f"{MODULE}/__init__.py", "from . import models\n")
    repository.write(f"{MODULE}/models/__init__.py", "from . import library_book\n")
    repository.write(f"{MODULE}/security/ir.model.access.csv", ACCESS)
    repository.write(f"{MODULE}/data/neutralize.sql", "select 1;\n")
    records = "".join(
        f'<record id="book_{n}" model="library.book"><field name="name">Book {n}</field>'
        f'<field name="isbn_code">978-{n:05}</field></record>'
        for n in range(BOOKS)
    )
    repository.write(f"{MODULE}/data/books.xml", f"<odoo noupdate='1'>{records}</odoo>\n")
    _write_version(repository, "19.0.1.0.0", "isbn_code")
    write_other(repository, "oak")


def write_second(repository: Repository, *, is_mended: bool = False) -> None:
    """Write version 19.0.2.0.0, in which a script renames a field; it loses rows and breaks a view, or not."""
    _write_version(repository, "19.0.2.0.0", "isbn")
    repository.write("odooops.yaml", SETTINGS if is_mended else SETTINGS + WRITES)
    if not is_mended:
        write_library(repository.clone / "upgrade-util" / "src")
        repository.write(CASES_FILE, CASES)
    repository.write(f"{MODULE}/data/books.xml", "<odoo noupdate='1'/>\n")
    more = MENDS if is_mended else LOSES
    repository.write(f"{MODULE}/migrations/19.0.2.0.0/pre-rename.py", RENAME.format(more=more))


def write_other(repository: Repository, wood: str) -> None:
    """Write the addon that has nothing to do with the books."""
    told = {"name": "Desk", "version": "1.0", "author": "Tester", "license": "LGPL-3"}
    manifest = f"{told | {'depends': ['base'], 'data': ['desk.xml']}}\n"
    repository.write(f"{OTHER}/__init__.py", "")
    repository.write(f"{OTHER}/__manifest__.py", manifest)
    repository.write(f"{OTHER}/data/neutralize.sql", "select 1;\n")
    values = f'<field name="key">desk.wood</field><field name="value">{wood}</field>'
    record = f'<record id="wood" model="ir.config_parameter">{values}</record>'
    repository.write(f"{OTHER}/desk.xml", f"<odoo>{record}</odoo>\n")


def _write_version(repository: Repository, version: str, field: str) -> None:
    repository.write(f"{MODULE}/__manifest__.py", MANIFEST.format(version=version))
    repository.write(f"{MODULE}/models/library_book.py", MODELS.format(field=field))
    repository.write(f"{MODULE}/views/library_book.xml", VIEWS.format(field=field))
