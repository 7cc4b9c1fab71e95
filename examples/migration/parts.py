"""What moves at once: the routes are in two parts."""

READING = "reading"
CHANGING = "changing"
