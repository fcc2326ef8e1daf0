"""The networks, their training, and the recipes that train them."""
