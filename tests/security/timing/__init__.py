"""Times that must tell nothing: run by `make security` (SECURITY=1), on a machine that does nothing else."""
