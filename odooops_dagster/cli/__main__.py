"""`python -m odooops_dagster.cli` is `ops`."""

from odooops_dagster.cli import main

main()
