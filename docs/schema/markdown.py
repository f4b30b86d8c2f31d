"""Writes the reference of the schema: a page per subject, and one each for views, enums, functions and policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from docs.schema.catalog import ROLES
from docs.schema.functions_page import functions_page
from docs.schema.model import Column, Enum, Grant, Schema, Table
from docs.schema.sources import Notes, file_of, function_link
from docs.schema.subjects import Subject, subjects_of
from docs.schema.tables import code, prose, table
from docs.schema.words import short_type, shown_default

WRITTEN = "Written by `python -m docs.generate` from a migrated database."


def reference_pages(schema: Schema, notes: Notes) -> dict[str, str]:
    """Return every page of the reference by its file's name."""
    subjects = [subject for subject in subjects_of(schema) if subject.of(schema)]
    pages = {f"{subject.slug}.md": _subject_page(subject, schema, notes) for subject in subjects}
    return {
        "README.md": _index(schema, subjects),
        **pages,
        "views.md": _views_page(schema),
        "enums.md": _enums_page(schema, notes),
        "functions.md": functions_page(schema, notes),
        "policies.md": _policies_page(schema),
    }


def _index(schema: Schema, subjects: list[Subject]) -> str:
    lines = [
        "# The schema `ops`",
        "",
        "Every table, view, enum, function and policy of the control plane, as a migrated database has them.",
        "[The diagrams](../ERD.md) show the tables, [`schema.dbml`](../schema.dbml) is for tools that read DBML, and",
        "[`prisma/schema.prisma`](../../../prisma/schema.prisma) gives TypeScript its types:",
        "`npx prisma generate --schema prisma/schema.prisma` writes them to `prisma/generated`.",
        "",
        "[Functions](functions.md) · [views](views.md) · [enums](enums.md) · [policies](policies.md) ·",
        "[refusals](../sqlstates.md)",
        "",
        WRITTEN,
    ]
    for subject in subjects:
        rows = [(f"[{t.name}]({subject.slug}.md#{t.name})", prose(t.comment)) for t in subject.of(schema)]
        lines += ["", f"## {subject.title}", "", subject.sentence, "", *table(("table", "holds"), rows)]
    views = [(f"[{view.name}](views.md#{view.name})", prose(view.comment)) for view in schema.views]
    lines += ["", "## Views", "", *table(("view", "shows"), views)]
    return "\n".join(lines) + "\n"


def _subject_page(subject: Subject, schema: Schema, notes: Notes) -> str:
    title = f"# Tables: {subject.title[0].lower()}{subject.title[1:]}"
    lines = [title, "", f"{subject.sentence} [All of the schema](README.md).", "", WRITTEN]
    for item in subject.of(schema):
        lines += ["", *_table_section(item, schema, notes)]
    return "\n".join(lines) + "\n"


def _table_section(item: Table, schema: Schema, notes: Notes) -> Iterator[str]:
    yield from (f"## {item.name}", "", prose(item.comment), "")
    rows = [_column_row(column, item, schema) for column in item.columns]
    yield from table(("column", "type", "null", "default", "meaning"), rows)
    if item.partition_key:
        yield from ("", f"Partitioned by {code(item.partition_key)}; the partitions come and go with time.")
    yield from _list("Promised", (_sentence(text) for text in notes.promises.get(item.name, ())))
    yield from _list("Keys", _key_line(item))
    yield from _list("References", _reference_lines(item, schema))
    yield from _list("Held by the table", (code(check) for check in item.checks))
    yield from _list("Indexes", (f"{code(index.name)}: {code(index.definition)}" for index in item.indexes))
    yield from _list("Triggers", (f"{code(t.name)} {t.fires} runs {_function_link(t.function)}" for t in item.triggers))
    yield from _list("Granted", (_grant_line(grants) for grants in _same_grants(item.grants)))
    made = ", ".join(f"[{name}](../../../sql/migrations/{name}.sql)" for name in notes.tables.get(item.name, ()))
    yield from ("", f"Made by {made}; rows are guarded by [its policies](policies.md#{item.name}).")


def _column_row(column: Column, item: Table, schema: Schema) -> tuple[str, ...]:
    default = "counted" if column.is_identity else code(shown_default(column.default))
    null = "" if column.is_required else "yes"
    target = next((key.target for key in item.foreign_keys if key.columns[0] == column.name), None)
    meaning = prose(column.comment or "") or (_table_link(target, schema) if target else "")
    return (code(column.name), _type(column.type, schema), null, default, meaning)


def _key_line(item: Table) -> Iterator[str]:
    for key in sorted(item.keys, key=lambda key: not key.is_primary):
        yield f"{'primary' if key.is_primary else 'unique'}: {code(', '.join(key.columns))}"
    for index in item.indexes:
        if index.is_unique:
            where = f" where {code(index.predicate)}" if index.predicate else ""
            yield f"unique: {code(', '.join(index.columns))}{where}"


def _reference_lines(item: Table, schema: Schema) -> Iterator[str]:
    for key in item.foreign_keys:
        ends = (
            f"{code(', '.join(key.columns))} → {_table_link(key.target, schema)} {code(', '.join(key.target_columns))}"
        )
        yield ends if key.on_delete == "no action" else f"{ends}, on delete {key.on_delete}"


def _same_grants(grants: Iterable[Grant]) -> list[list[Grant]]:
    """Group the roles that may do the same."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Grant]] = {}
    for grant in grants:
        groups.setdefault((grant.verbs, grant.columns), []).append(grant)
    return list(groups.values())


def _grant_line(grants: list[Grant]) -> str:
    roles = ", ".join(code(grant.role) for grant in grants)
    columns = f" (only {', '.join(code(name) for name in grants[0].columns)})" if grants[0].columns else ""
    return f"{', '.join(grants[0].verbs)}{columns}: {roles}"


def _views_page(schema: Schema) -> str:
    lines = [
        "# Views",
        "",
        "Every view runs with its reader's rights: rows are those that the reader may see.",
        "",
        WRITTEN,
    ]
    for view in schema.views:
        rows = [(code(c.name), _type(c.type, schema), prose(c.comment or "")) for c in view.columns]
        lines += ["", f"## {view.name}", "", prose(view.comment), "", *table(("column", "type", "meaning"), rows), ""]
        lines += [
            f"Read by {', '.join(code(grant.role) for grant in view.grants)}. Written in {file_of('views', view.name)}."
        ]
    return "\n".join(lines) + "\n"


def _enums_page(schema: Schema, notes: Notes) -> str:
    lines = ["# Enums and row types", "", "Labels in their order, each with who sets it.", "", WRITTEN]
    for enum in schema.enums:
        lines += ["", f"## {enum.name}", "", *_enum_table(enum, notes), "", f"Used by {_users(enum.name, schema)}."]
    for composite in schema.composites:
        rows = [(code(c.name), _type(c.type, schema), prose(c.comment or "")) for c in composite.columns]
        lines += ["", f"## {composite.name}", "", "A row that functions return.", ""]
        lines += table(("column", "type", "meaning"), rows)
    return "\n".join(lines) + "\n"


def _enum_table(enum: Enum, notes: Notes) -> list[str]:
    told = [(code(label), prose(notes.labels.get((enum.name, label), ""))) for label in enum.labels]
    if any(note for _, note in told):
        return table(("label", "set by"), told)
    return [" · ".join(label for label, _ in told)]


def _users(enum: str, schema: Schema) -> str:
    users = [
        code(f"{relation.name}.{column.name}")
        for relation in schema.tables
        for column in relation.columns
        if column.type.removesuffix("[]") == f"ops.{enum}"
    ]
    return ", ".join(users) or "functions only"


def _policies_page(schema: Schema) -> str:
    lines = [
        "# Policies by table",
        "",
        "Row-level security is on for every table: a row is seen, or written, where a policy for the role says so and",
        "the verb is granted.",
        "",
        WRITTEN,
    ]
    for item in schema.tables:
        rows = [
            (prose(p.name), p.verb, ", ".join(code(role) for role in p.roles), code(p.using), code(p.check))
            for p in item.policies
        ]
        lines += ["", f"## {item.name}", "", *table(("policy", "verb", "roles", "rows", "new rows"), rows), ""]
        lines += [f"Written in {file_of('policies', item.name)}."]
    return "\n".join([*lines, *_policies_by_role(schema)]) + "\n"


def _policies_by_role(schema: Schema) -> Iterator[str]:
    """Yield every policy once more, under each role that it is for."""
    yield from ("", "# By role", "", "A role without a policy for a table sees none of its rows.")
    for role in ROLES:
        rows = [
            (f"[{item.name}](#{item.name})", policy.verb, prose(policy.name))
            for item in schema.tables
            for policy in item.policies
            if role in policy.roles
        ]
        yield from ("", f"## For {role}", "", *(table(("table", "verb", "policy"), rows) if rows else ["None."]))


def _sentence(text: str) -> str:
    return prose(text[:1].upper() + text[1:].rstrip(".") + ".")


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    held = list(items)
    if held:
        yield from ("", f"**{title}**", "", *(f"- {item}" for item in held))


def _type(name: str, schema: Schema) -> str:
    short = short_type(name)
    base = short.removesuffix("[]").removeprefix("ops.")
    return f"[{short.removeprefix('ops.')}](enums.md#{base})" if schema.is_enum(short.removesuffix("[]")) else short


def _table_link(name: str, schema: Schema) -> str:
    subject = next(subject for subject in subjects_of(schema) if name in subject.tables)
    return f"[{name}]({subject.slug}.md#{name})"


def _function_link(name: str) -> str:
    return function_link(name, page="functions.md", root="../../../")
