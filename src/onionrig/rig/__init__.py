"""What must run, as pure data: hosts, services, files, and what they are rendered from."""
