"""How fast a core is: of a board, of a probed machine, and of the one that a run was made on."""
