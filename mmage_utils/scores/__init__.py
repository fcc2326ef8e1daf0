"""How right predictions are, with intervals over users."""
