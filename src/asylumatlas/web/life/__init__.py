"""Pages of one simulated life: what happens, and the rule and number behind each step."""
