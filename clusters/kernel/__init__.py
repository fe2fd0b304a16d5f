"""Time, chance and identity of the simulation: the only place that may read the wall clock."""
