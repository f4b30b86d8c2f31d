"""The reference page and the JSON Schema of `odooops.yaml`, from its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from odooops_dagster.tools.project_file.keys import ProjectFile
from odooops_dagster.tools.project_file.odoo_options import SETTABLE

_HEAD = """\
# odooops.yaml

Settings that a repository brings for its own builds, in a file at its root. Without the file, everything has its
default. [`odooops.schema.json`](odooops.schema.json) is the same for editors. `ops config check` reports every fault at
once.

Written by `python -m docs.generate` from `odooops_dagster/tools/project_file/keys.py`.

| key | meaning |
|---|---|
"""
_TAIL = """
Of Odoo's own options a repository may set these: {settable}. The platform sets all others. Names that Odoo does not
know are options of modules, such as `running_env`, and may be set.

What is under `protect` counts only from the newest commit of the default branch, and only where it is stricter than
the project's policies: everybody who pushes can change the file. Whatever else protects (quorums, freezes) is in the
policies alone.

What is under `preview` counts from there as well. Of branches, those count that policy `preview` lists too. Of a time
or a size, less counts always, and more as far as the policy's maximum, such as `memory_max_mb`; `ops project show`, the
console and the run that read the file say what was cut. Sizes are those of previews alone, and the operator's limits,
such as `ODOOOPS_ENVIRONMENT_MEMORY_MB`, hold besides.

What is under `notifications` counts from there as well: a push to another branch changes nobody's messages. Its rules
come beside those of `ops notify rule add`; `ops notify rule list` names the commit that declared each, and
`ops notify rule remove` mutes it over all pushes. Mails go to addresses that somebody here has or to the domains of
`ODOOOPS_NOTIFY_DOMAINS`, everything else to targets of the project or shared ones. The run that read them has an event
with how many came and went.
"""


def schema_text() -> str:
    """Return the JSON Schema (draft 2020-12)."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProjectFile.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def page() -> str:
    """Return the reference page."""
    schema = ProjectFile.model_json_schema()
    rows = "".join(f"| `{key}` | {meaning} |\n" for key, meaning in _keys(schema, schema, ""))
    return _HEAD + rows + _TAIL.format(settable=", ".join(f"`{name}`" for name in sorted(SETTABLE)))


def _keys(part: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in part.get("properties", {}).items():
        items = _referred(value.get("items", {}), schema)
        inner = _referred(value, schema) or items
        # A description that is that of the referred part is there only.
        yield prefix + name, value.get("description") or (inner or {})["description"]
        # The keys of one stage are those of odoo, told once.
        if inner is not None:
            yield from _keys(inner, schema, f"{prefix}{name}[]." if items else f"{prefix}{name}.")


def _referred(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    reference = value.get("$ref", "")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else None
