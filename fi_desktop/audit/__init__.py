"""The audit trail: who did what with which result, in a chain that shows what was changed or left out."""
