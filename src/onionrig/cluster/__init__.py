"""Commands on the hosts of an inventory between runs: check, provision, clean up."""
