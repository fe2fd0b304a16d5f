"""REST under `/api/v1/`: each route is declared once, and parsed, checked, documented from the declaration."""
