"""The program that lists what modules' code names: it needs Python alone, so that a sandbox can run it anywhere.

It parses what strangers wrote, and imports nothing of it. Each line of its output is JSON: a use, or a file that it
could not read.
"""
