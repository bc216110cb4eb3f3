"""What watchers of the daemon may ask for: figures for Prometheus and health, over HTTP or in a file.

Optional (the extra `web`): nothing of it that needs a library is imported before it is switched on.
"""
