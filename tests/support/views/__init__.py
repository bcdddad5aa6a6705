"""What a reader finds on a page or in a terminal."""
