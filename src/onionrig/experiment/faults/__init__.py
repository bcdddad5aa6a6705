"""What can be done to the rig during the hold: one module per fault, and their registry."""
