"""Time a fixed piece of work on each core before, during and after a load."""
