"""From written mathematics to sympy, without evaluating anything that a model wrote as code."""
