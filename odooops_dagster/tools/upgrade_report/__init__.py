"""The report of an upgrade preview: its form, what differs between before and after, the verdict, and its pages."""
