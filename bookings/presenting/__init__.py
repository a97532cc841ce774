"""The presenters' own pages at /staff/mine/, made for a phone: what is theirs, and nothing else."""
