"""The two parts of the routes; each moves as a whole."""

READING = "reading"
CHANGING = "changing"
