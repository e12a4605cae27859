"""A plugin with a Hypothesis profile for what has to fail, and need not be made small."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile(
    "quickly",
    phases=[Phase.explicit, Phase.generate],
    max_examples=250,
    derandomize=True,
    database=None,
    deadline=None,
)
