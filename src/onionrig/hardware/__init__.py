"""The board catalogue: what boards and cloud types can do, each figure with its source."""
