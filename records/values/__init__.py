"""Cells to values: dates, amounts, codes and code lists, each with what is wrong with them."""
