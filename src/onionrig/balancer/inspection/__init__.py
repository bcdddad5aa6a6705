"""What clients see of an onion address: HSDirs are asked, and their answers combined."""
