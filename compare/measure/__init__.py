"""How small an error the check sees, and how fast the manual pass is."""
