"""The samples of the API document as programs, run as people run them, with another address and key."""
