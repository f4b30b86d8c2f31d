"""The embedded stack: everything the platform needs, on this machine, in one state folder."""
