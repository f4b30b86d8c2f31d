"""Checks that ask something that is there already: a running Odoo, a restored database, a file.

The result of a step's own work is judged in the step or in the tool that did it, such as Odoo's log in
tools/odoo/judge.py. Every check, wherever it is made, is registered in model/checks.py.
"""
