"""What commands print and write: results, reports, and what happens where output is refused."""
