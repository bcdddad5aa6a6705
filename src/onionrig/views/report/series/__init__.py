"""Write the reports of a sweep and of a comparison."""
