"""Facts about hosts and their use: CPU and costs by role, and what their links carried."""
