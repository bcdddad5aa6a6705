"""Hosts emulated on this machine: network namespaces with shaped links and CPU shares."""
