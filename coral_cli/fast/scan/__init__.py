"""The filter over all steps as one operation, its gradient written out by hand."""
