"""What can be done to the rig in the hold: one module for each fault, and what lists them."""
