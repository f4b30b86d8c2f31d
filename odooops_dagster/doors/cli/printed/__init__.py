"""What commands print with `--json` where no other room has its type; json_forms.py says which prints what.

A form has every field that is printed; a default marks one that is left out where it says nothing.
"""
