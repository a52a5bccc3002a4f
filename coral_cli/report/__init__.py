"""What several runs come to: statistics over seeds, pictures, a page."""
