"""What Odoo needs to be told, and how what it says is read."""
