"""What tells people: mails, signed webhooks, and whatever apprise knows."""
