"""What docs/promise.md says was tried, tried again: `make promise`."""
