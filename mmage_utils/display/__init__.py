"""What notebooks show: sentences, tables and figures."""
