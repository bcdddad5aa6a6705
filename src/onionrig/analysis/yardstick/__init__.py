"""Compare this machine's cores with the reference core, by the yardstick's readings."""
