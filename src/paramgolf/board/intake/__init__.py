"""What comes to the board from outside: entries, verdicts, rulings, the public history."""
