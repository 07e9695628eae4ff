"""All that ships inside an artifact and is counted in its bytes; imports nothing else of paramgolf."""
