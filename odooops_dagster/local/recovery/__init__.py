"""Backs the platform itself up: its record, Dagster's storage and its secrets, sealed; and brings them back."""
