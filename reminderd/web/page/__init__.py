"""The page: what people look at instead of reading commands. HTML from templates, one style and one script of its own."""
