"""Markdown → HTML that is safe to show, block by block. No Django here.

Three walls in one order: markdown-it with HTML switched off, our own rules for what leads outside, and
nh3 last. Everything that shows a message goes through `render` or `Growing`: live, final and elsewhere.
Nothing is loaded from elsewhere while someone reads: pictures become links, and links say where they lead.
"""

from chat.rendering.drawing import blocks, one_line_end, render, render_block
from chat.rendering.growing import Growing
from chat.rendering.marks import Sources

__all__ = ["Growing", "Sources", "blocks", "one_line_end", "render", "render_block"]
