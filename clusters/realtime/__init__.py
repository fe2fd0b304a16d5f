"""Live state for browsers: projection (pure), feed and session (pure), and the Channels consumer over them."""
