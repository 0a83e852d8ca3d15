"""Pages for a browser: plain HTML, CSS and JavaScript, offline, under a strict content security policy."""
