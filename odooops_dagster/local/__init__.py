"""The embedded default: everything the platform needs, on this machine, under one state folder."""
