"""Lists what a CSV file of a module names: the model of its name, the fields of its columns, the XML ids in them."""

from __future__ import annotations

import csv
import io

from odooops_dagster.tools.advisories.uses.found import FIELD_NAME, XML_ID, Found


def read_csv(data: bytes, found: Found, *, model: str) -> None:
    """Add the uses of a file with records of the model.

    Raises:
        UnicodeDecodeError: the file is not UTF-8.
        csv.Error: this is no CSV.
    """
    found.use("model", model, 1)
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    columns = next(reader, [])
    for column in columns:
        name = column.replace(":", "/").partition("/")[0].strip()
        if FIELD_NAME.match(name) and name != "id":
            found.use("field", name, 1, models=(model,))
    holding_ids = [place for place, name in enumerate(columns) if name == "id" or name.endswith((":id", "/id"))]
    for row in reader:
        for place in holding_ids:
            for word in (row[place] if place < len(row) else "").split(","):
                if XML_ID.match(word.strip()):
                    found.use("xml_id", word.strip(), reader.line_num)
