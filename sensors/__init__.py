"""The platform's sensors."""
