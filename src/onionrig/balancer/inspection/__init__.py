"""What clients see of an onion address: asked of HSDirs, and put together."""
