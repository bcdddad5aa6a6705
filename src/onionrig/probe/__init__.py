"""What this board can do, measured in half a minute."""
