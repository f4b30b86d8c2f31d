"""The whole platform, real Odoo, a real browser, real pushes."""
