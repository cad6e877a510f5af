"""From cells to durable samples: plan what is missing, stream it through engines, resume."""
