"""Who gets what, route by route: the people who ask, the objects they ask for, and the table in tests/routes.txt."""
