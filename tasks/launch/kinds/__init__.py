"""The kinds of projects, one a file: each recognises and builds its own."""
