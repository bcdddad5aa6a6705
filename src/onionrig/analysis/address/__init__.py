"""What clients see of an onion address, and what is wrong with it."""
