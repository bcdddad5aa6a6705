"""Hosts that are emulated on this machine: network namespaces with shaped links and CPU shares."""
