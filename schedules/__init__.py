"""The platform's schedules."""
