"""python -m reminderd"""

from reminderd.cli import main

main()
