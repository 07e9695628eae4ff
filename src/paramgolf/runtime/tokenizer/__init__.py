"""Bytes to tokens and back."""
