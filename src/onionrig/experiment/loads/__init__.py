"""What can be asked of the address: one module for each shape of a load, and what lists them."""
