"""The notebooks as a report: run in order, and made into slides and pages."""
