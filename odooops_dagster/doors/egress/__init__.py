"""The door through which environments reach what policy egress names, and nothing else."""
