"""`python -m odooops_dagster.doors.cli` is `ops`."""

from odooops_dagster.doors.cli import main

main()
