"""The paper's published numbers, what follows from them, and costs by the paper's formulas."""
