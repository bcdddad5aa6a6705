"""What can be asked of the address: one module per shape of load, and their registry."""
