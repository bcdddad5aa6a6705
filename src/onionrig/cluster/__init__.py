"""What is done to the hosts of an inventory between runs: checked, made fit, cleaned up."""
