"""The probe: measure what this board can do, in half a minute."""
