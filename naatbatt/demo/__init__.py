"""A whole week of the series played through the site's own verbs, a real worker and a real mail server, and balanced.

stage.py    a throw-away folder and database, the mail server and the worker; starts the play as a process of its own
sink.py     the mail server: keeps what it takes as files, refuses one address
story.py    the play, step by step
cast.py     who answers what
visitor.py  a reader's browser and mailbox
ledger.py   the equations that must hold at the end
"""
