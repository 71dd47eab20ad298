"""What other tools write into their files, one module for each way of writing. No Django here."""
