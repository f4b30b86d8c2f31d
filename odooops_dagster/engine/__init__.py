"""The code that depends on Dagster, besides the root folders.

A private name of Dagster is used here alone, and a test fails when the name is gone (tests/dagster/test_guards.py).
"""
