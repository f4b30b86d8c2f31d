"""Benchmarks: one module per figure of the goals, each prints ratios measured in one run."""
