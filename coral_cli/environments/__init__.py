"""Tasks as Gymnasium environments: Control Suite, box pushing, and what draws them."""
