"""What every kind shares: errors, field paths, metadata, schema, selectors, quantities, patches."""
