"""Pages that people look at: runs shown in a browser, from a server on this machine or from files."""
