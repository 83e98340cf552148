"""One module a step; `revision` counts them."""
