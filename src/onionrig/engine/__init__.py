"""Engines: what runs a rig's services, on this machine, on emulated hosts or on real ones."""
