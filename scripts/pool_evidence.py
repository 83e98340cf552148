"""Writes src/rearm/knowledge/data/pooled.json: the pooled evidence of every bundled option.

Run it when a study, the agents of an option or the pooling has changed; a test says so.
"""

from __future__ import annotations

import json

from rearm.assessment.evidence import POOLED, inputs_hash, plain_rows, pool_options
from rearm.knowledge import load


def main() -> None:
    knowledge = load()
    made = {"inputs": inputs_hash(knowledge), "options": plain_rows(pool_options(knowledge))}
    POOLED.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
