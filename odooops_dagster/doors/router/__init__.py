"""The one port of all environments: each answers under its own host name, and under no other."""
