"""Talking to tor: identities, control port, SOCKS, descriptors, readiness."""
