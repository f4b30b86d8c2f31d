"""Upgrade advisories: reads them from OpenUpgrade and from files, and finds what of them a project's code uses."""
