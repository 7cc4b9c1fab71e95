"""Languages: the words of errbridge and of the application in the language of the client."""
