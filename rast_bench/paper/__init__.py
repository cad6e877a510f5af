"""The paper's published numbers, what follows from them, and what they cost by its own formulas."""
