"""The command line: app.py is the application; one module holds the commands of one group."""
