"""States as each released schema left them, to be opened by every later program."""
