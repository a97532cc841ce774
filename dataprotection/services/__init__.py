"""Every write about complaints and breaches."""
