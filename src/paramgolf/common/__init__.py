"""What every package may use: files, names, printable text, TOML, templates."""
