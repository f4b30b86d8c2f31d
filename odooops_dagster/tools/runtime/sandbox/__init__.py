"""Runs a program so that it reaches nothing but what it is given: its own folders, its own processes, no network.

`model.Sandbox` says what a program may see, `bubblewrap` is how bwrap is told so, `trial` proves that it holds here.
"""
