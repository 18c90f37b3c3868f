"""How far apart two right answers may lie: proven, element by element."""
