"""As-of features: what the records say of each entity on a day (Ibis expressions, rules §1–§6)."""
