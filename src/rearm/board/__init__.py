"""At the board: a web application that keeps records, answers and decisions of patients, and draws
stored answers; nothing clinical is decided here.

`store` keeps, `people` says who is signed in, `child` works in processes with limits, `exchange`
speaks with record systems, `web` is what all addresses share. Each other room is one part of the
application: `addresses` lists what can be asked of it, and `contents` makes the `contexts` of its
pages from the store. `commands` is what is asked of a board from the command line.
"""
