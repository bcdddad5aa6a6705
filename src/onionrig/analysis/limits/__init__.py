"""Find what bound the rate: one module for each kind of limit."""
