"""Planning: from measured costs to a bill of materials and a projected goodput (pure)."""
