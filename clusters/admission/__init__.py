"""Admission: what changes or refuses a write between its validation's two halves. One plugin a file."""
