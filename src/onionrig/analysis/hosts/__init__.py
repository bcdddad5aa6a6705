"""What hosts are and took: their facts, CPU and costs by role, what their links carried."""
