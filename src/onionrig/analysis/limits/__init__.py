"""What bound the rate: one module for each limit that something can be held against."""
