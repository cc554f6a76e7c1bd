"""What raw files are made of: containers, text, workbooks, shapes."""
