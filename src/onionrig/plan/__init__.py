"""What it would take: from measured costs to a bill of materials and a projected output (pure)."""
