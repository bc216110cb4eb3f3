"""What the sandbox says by itself: what becomes of messages, and what people write; signed, and tried again."""
