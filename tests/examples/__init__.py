"""Every documented example of Venice's interface: the stand-in answers it, and the client reads its answer."""
