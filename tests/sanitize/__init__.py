"""Tests of what makes a copy of production harmless."""
