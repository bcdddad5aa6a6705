"""Write the report of a run, section by section."""
