"""Load that stays honest: many deliveries through the real daemon and the sandbox, with faults, counted at the end."""
