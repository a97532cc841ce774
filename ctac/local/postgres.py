"""The embedded PostgreSQL of one copy."""

from pathlib import Path


def database_url(var_dir: Path) -> str:
    return f"postgres://postgres@/ctac?host={var_dir}/pg"
