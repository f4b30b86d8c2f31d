"""The door of environments: it hears what they try to reach, and takes the mails that nobody shall get."""
