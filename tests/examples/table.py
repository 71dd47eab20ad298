"""All documented examples that the stand-in serves."""

from tests.examples.images import IMAGES
from tests.examples.lists import LISTS
from tests.examples.models import MODELS
from tests.examples.replies import REPLIES
from tests.examples.streams import STREAMS

EXAMPLES = (*IMAGES, *REPLIES, *STREAMS, *MODELS, *LISTS)
