"""What policies in CEL have in common: where they hold, with which parameters, and what their expressions see."""
