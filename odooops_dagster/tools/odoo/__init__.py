"""Installs Odoo, builds its commands and configuration, and reads its log and modules."""
