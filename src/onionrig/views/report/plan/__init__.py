"""Make the page of a plan."""
