"""Prints the uses of all modules in the folders of the command line, a line of JSON each."""

from __future__ import annotations

import sys
from pathlib import Path

# In a sandbox only this folder of the package is there.
sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from odooops_dagster.tools.advisories.uses.folder import main

main(sys.argv[1:])
