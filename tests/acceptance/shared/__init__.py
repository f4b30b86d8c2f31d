"""Stories that leave the platform as they found it: all are told on one."""
