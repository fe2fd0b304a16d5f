"""The site: settings, URLs, processes, people."""
