"""Pod Security: the baseline and restricted standards, by the labels of the Namespace."""
