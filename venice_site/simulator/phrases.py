"""The sentences the simulator's answers are made of."""

from __future__ import annotations

_STOP_WORDS = """
a about an and any are as at be been but by can compare could create define describe did discuss
do does explain find for from generate give had has have he help her him his how i if in into is
it its just let like list make may me might more most my need no not of on or our out please
recommend say she should show so some such suggest summarise summarize tell than that the their
them then there these they this to translate us use very want was we were what when where which
while who why will with would write you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

OPENINGS = (
    "You asked: “{quoted}”. Here is the short version, and then the reasons.",
    "On *{topic}*: there is a simple answer and a useful one. Here is the useful one.",
    "“{quoted}” is worth taking apart, because two questions hide in it.",
    "Here is how I would think about *{topic}*.",
)
SENTENCES = (
    "The first thing to settle about {topic} is what you want to be able to do afterwards.",
    "Most of what is written on {topic} repeats three ideas, and two of them are about patience.",
    "In practice {topic} turns out well when the small decisions are made early and the large ones late.",
    "It helps to put one concrete example beside every general rule.",
    "What looks like a detail at the beginning is often the part that people remember.",
    "A good test is whether you could explain {topic} to a friend in two minutes.",
    "Where sources disagree, the older one usually describes the reason and the newer one the habit.",
    "There is no need to decide everything at once; leave what can wait.",
    "Measure before and after, even roughly, and you will argue less.",
    "Costs come from going back, so choose the order in which nothing has to be undone.",
)
STEPS = [
    ("Look", "collect what you already have, and say what is missing"),
    ("Choose", "take the simplest way that could work, and name what would change your mind"),
    ("Try", "do one small piece from beginning to end"),
    ("Check", "compare the result with what you wanted, not with what you did"),
    ("Keep", "write down the one thing you would do differently"),
]
POINTS = (
    "`{topic}` has a part that is easy to see and a part that is easy to forget",
    "the usual mistake is to begin with the tools",
    "ten minutes of preparation save an hour",
    "a second pair of eyes finds what you no longer see",
    "**stop** when the next improvement costs more than it brings",
)
QUOTES = (
    "Simple things should be simple, and the rest should be possible.",
    "The map is not the land, but it is lighter to carry.",
    "First make it clear, then make it short.",
)
CLOSINGS = (
    "If you tell me more about your own case, I can be more exact about {topic}.",
    "Shall I go deeper into one of these points?",
    "That is enough to begin with; the rest shows itself on the way.",
)
