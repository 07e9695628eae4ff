"""Recipes and artifacts as a reader meets them: lists, descriptions, measured results."""
