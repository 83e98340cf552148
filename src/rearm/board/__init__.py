"""At the board: a web application on one machine. It keeps records, results and decisions of
patients in a folder, and draws stored results; nothing clinical is decided here.

The store: `folder`, `database`, `tables`, `audit`, `cases`, `uploads`, `decisions`, `sessions`;
`from_outside` looks at it from the command line.
The child processes: `worker`, with `reading` and `drawing`. The pages: `contexts` (what a page
holds), `contents` (from the store), `words`, `pages`. The web: `routes`, `guards`, `app`, `serve`.
"""
