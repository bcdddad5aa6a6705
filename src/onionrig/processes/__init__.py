"""Processes that are owned: started, watched, ended and reaped, whatever happens."""
