"""Red lines, points, risk class and eligibility (rules §3–§7)."""
