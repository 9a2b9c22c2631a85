"""What stands in front of every route: access, limits, errors, request ids."""
