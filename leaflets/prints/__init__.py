"""What a packing session prints: a list to pick by, slips, labels, a courier's list. Plain values in, files out."""
