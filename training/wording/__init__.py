"""How a reason is said: which features are one reason, what they are compared with, the sentence in two languages."""
