"""Eight clients who do anything at random, at the same time; and an oracle that says afterwards whether all is well."""
