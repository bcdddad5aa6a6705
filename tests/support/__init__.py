"""What the tests share: records made by hand, processes to test against, waiting, reading pages."""
