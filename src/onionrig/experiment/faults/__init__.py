"""What can be done to the rig during the hold: the faults, and how an experiment asks for them."""
