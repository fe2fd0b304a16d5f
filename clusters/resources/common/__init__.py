"""Rules and printer helpers that many kinds share."""
