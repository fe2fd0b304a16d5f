"""One module a kind: schema name, defaults, validation, strategy, printer columns. `catalog` is the list."""
