#!/usr/bin/env python3
"""Validate the bundles of spec/: files and ticked tasks; with --analyze also every name in them.

  scripts/validate_spec_kit.py [--analyze] [FOLDER]

FOLDER is the root of the tree, by default this one. Every finding is a line; the exit status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.speckit.bundles import bundle_findings  # noqa: E402 - the tree's own, however the script is started


def main() -> int:
    """Print the findings and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--analyze", action="store_true", help="compare names, states, roles and gates, too")
    asked = parser.parse_args()
    found = bundle_findings(asked.folder) + (analyze(asked.folder) if asked.analyze else [])
    for fault in found:
        print(fault)
    return 1 if found else 0


def analyze(folder: Path) -> list[str]:
    """Compare the bundles with one another and with a database that is migrated for it."""
    from docs.speckit.gates import live_schema  # noqa: PLC0415 - needs PostgreSQL, and seconds
    from docs.speckit.names import name_findings  # noqa: PLC0415 - the same

    with live_schema() as schema:
        return name_findings(folder, schema)


if __name__ == "__main__":
    sys.exit(main())
