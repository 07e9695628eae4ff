"""The recipe: what it says, how it is read, what makes no sense together."""
