"""How much work checking the messages of one file may take."""

_FIRST_TEXTS = 1_000_000  # steps for the first text of each wording of each job of a file
_FURTHER_TEXTS = 500_000  # steps for all others of a file


class Effort:
    """The steps that checking the messages of one file may take; shared by its jobs.

    The first text of each wording is always tried, so that too much is a problem; the others while there is room.
    first, further: what was spent on either. everybody: texts are tried for all of a long list, whatever that takes.
    """

    def __init__(self, *, everybody: bool = False) -> None:
        self.everybody = everybody
        self.first = 0
        self.further = 0
        self.is_said = False  # that it is used up, which one problem says for the whole file

    @property
    def used_up(self) -> bool:
        return self.first > _FIRST_TEXTS

    @property
    def has_room(self) -> bool:
        return not self.used_up and (self.everybody or self.further <= _FURTHER_TEXTS)

    def spend(self, steps: int, *, first: bool) -> None:
        if first:
            self.first += steps
        else:
            self.further += steps
