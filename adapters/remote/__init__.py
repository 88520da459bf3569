"""The ports of analysis over the Open Inference Protocol (version 2), which model services speak."""
