"""How large a lab would have to be: formulas over measured constants, and a simulation held to measured runs."""
