"""Running chapters: in processes of their own, side by side, and a stop from outside."""
