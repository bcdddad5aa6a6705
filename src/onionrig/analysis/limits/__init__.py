"""Find the bottleneck: one module for each kind of limit."""
