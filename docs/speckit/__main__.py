"""`python -m docs.speckit GATE...`: ask gates about this tree; each finding is a line, and one is enough to fail."""

from __future__ import annotations

import sys

from docs.schema.pages import ROOT
from docs.speckit.gates import GATES, live_schema


def main(names: list[str]) -> int:
    """Ask the gates and return the exit status."""
    unknown = set(names) - set(GATES)
    if unknown:
        print(f"there is no gate {min(unknown)}: {', '.join(GATES)}", file=sys.stderr)
        return 2
    with live_schema() as schema:
        found = {name: GATES[name](ROOT, schema) for name in names or GATES}
    for name, faults in found.items():
        for fault in faults:
            print(f"{name}: {fault}", file=sys.stderr)
        print(f"{name}: {f'{len(faults)} findings' if faults else 'passed'}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
