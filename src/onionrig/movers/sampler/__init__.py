"""The program that samples what processes and their host use, once per second."""
