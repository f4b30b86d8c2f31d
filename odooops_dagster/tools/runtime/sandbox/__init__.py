"""Runs a program so that it reaches nothing but what it is given: its own folders, its own processes, no network.

`spec` says what a program may see, `bubblewrap` how bwrap is told so, `trial` proves on this machine that it holds.
"""
