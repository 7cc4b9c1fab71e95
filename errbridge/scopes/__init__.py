"""Who owns a URL: scopes, their patterns, the trie that finds them, and the dispatchers."""
