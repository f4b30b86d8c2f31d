"""What the platform makes: each asset reads its partition, calls one step and reports what came of it."""
