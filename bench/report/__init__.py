"""Reports: tables and plots in one style, and a page for each study."""
