"""The steps of runs, a room for each capability: core, build, environment, recovery, clone, upkeep.

A step is a file whose docstring begins with "Step"; the other files of a room serve its steps. A room imports only from
the rooms before it (the contract "Steps build on the capabilities below theirs" in pyproject.toml). What fits none of
the six gets a room of its own.
"""
