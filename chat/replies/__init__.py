"""Write replies: one thread a reply streams from Venice, one pulse writes all their rows.

The row is the truth. What is kept here of a reply is only a faster copy for the viewers in this process.
"""

from chat.replies.live import LiveReply, News
from chat.replies.threads import (
    ended,
    finish_at_termination,
    writers,
)
from chat.replies.writing import write_reply

__all__ = [
    "LiveReply",
    "News",
    "ended",
    "finish_at_termination",
    "write_reply",
    "writers",
]
